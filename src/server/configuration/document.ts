/**
 * Settings of a cluster that upstream reads from files of its API server: they are kept in storage beside the objects,
 * out of reach of the API, and come to every isolate through the configuration cache.
 */
import type { ConfigSnapshot } from '../contract.ts';

/** Storage resource of the documents. No kind has it, so no request names it. */
export const CONFIGURATION_RESOURCE = 'configurations.kedge';

export const CONFIGURATION_NAMES = [
  'audit-policy',
  'audit-webhook',
  'authentication',
  'authorization',
  'pod-security',
] as const;
export type ConfigurationName = (typeof CONFIGURATION_NAMES)[number];

export interface ConfigurationInput {
  /** The document as JSON. */
  document: Record<string, unknown>;
  /** Files that the document names, by the path it names them with. */
  files: Readonly<Record<string, string>>;
}

export interface StoredConfiguration extends ConfigurationInput {
  apiVersion: string;
  kind: string;
  metadata: { name: string; uid: string; creationTimestamp: string; resourceVersion?: string };
}

/** The document that is in force; undefined when none is set. */
export function configurationOf(snapshot: ConfigSnapshot, name: ConfigurationName): StoredConfiguration | undefined {
  return snapshot.get<StoredConfiguration>(CONFIGURATION_RESOURCE, '', name);
}

/** What `compile` makes of a document, computed once for each change of it; undefined when none is set. */
export function compiledConfiguration<V>(
  snapshot: ConfigSnapshot,
  name: ConfigurationName,
  compile: (input: ConfigurationInput) => V,
): V | undefined {
  const known = snapshot.derive<Compiled<V>>(`configuration/${name}`, [], () => ({ of: undefined, value: undefined }));
  const stored = configurationOf(snapshot, name);
  if (stored !== known.of) {
    known.value = stored === undefined ? undefined : compile(stored);
    known.of = stored;
  }
  return known.value;
}

interface Compiled<V> {
  of: StoredConfiguration | undefined;
  value: V | undefined;
}
