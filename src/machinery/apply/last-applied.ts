/**
 * The annotation of client-side apply: kubectl moves to server-side apply without conflicts, and keeps the annotation
 * up to date as long as it is there.
 * Upstream: apimachinery/pkg/util/managedfields/internal/lastapplied{,manager,updater}.go.
 */
import type { KubeObject } from '../meta.ts';
import { compareTyped } from './compare.ts';
import { configSet, validateTyped } from './config-set.ts';
import { difference, type FieldSet, goJson } from './field-set.ts';
import type { FieldContext } from './track-update.ts';
import { isMap, typedNode } from './typed-node.ts';

/** The field manager of `kubectl apply --server-side`. */
export const KUBECTL = 'kubectl';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Bytes of all annotations together. */
const MAX_ANNOTATIONS = 256 * 1024;

export function hasLastApplied(object: KubeObject): boolean {
  return Boolean(object.metadata.annotations?.[LAST_APPLIED]);
}

/** The fields that client-side apply set and that still have the value it set; undefined when it was never used. */
export function appliedByClient(context: FieldContext, live: KubeObject): FieldSet | undefined {
  const text = live.metadata.annotations?.[LAST_APPLIED];
  if (!text) return undefined;
  const config = parse(text);
  if (!isMap(config) || config.apiVersion !== context.apiVersion) return undefined;
  const type = typedNode(context.schema);
  if (validateTyped(type, config).length > 0) return undefined;
  const differences = compareTyped(type, config, live) ?? {};
  let set = configSet(type, config);
  if (differences.changed) set = difference(set, differences.changed);
  if (differences.removed) set = difference(set, differences.removed);
  return set;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The object with the annotation set to the applied configuration, or without it when it would get too large. */
export function withLastApplied(object: KubeObject, applied: KubeObject): KubeObject {
  const { [LAST_APPLIED]: _old, ...annotations } = object.metadata.annotations ?? {};
  const value = `${goJson(sortKeys(withoutAnnotation(applied)))}\n`;
  const next: Record<string, string> = { ...annotations, [LAST_APPLIED]: value };
  const encoder = new TextEncoder();
  let size = 0;
  for (const [name, text] of Object.entries(next)) size += encoder.encode(name).length + encoder.encode(text).length;
  return { ...object, metadata: { ...object.metadata, annotations: size > MAX_ANNOTATIONS ? annotations : next } };
}

function withoutAnnotation(applied: KubeObject): KubeObject {
  if (applied.metadata?.annotations?.[LAST_APPLIED] === undefined) return applied;
  const { [LAST_APPLIED]: _, ...annotations } = applied.metadata.annotations;
  return { ...applied, metadata: { ...applied.metadata, annotations } };
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sortKeys(value[name])]),
  );
}
