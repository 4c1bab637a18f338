import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, stringify, YAMLParseError } from 'yaml';
import { UserError } from './errors.ts';

export interface KubeconfigOptions {
  /** Name of context, cluster and user: `kedge-NAME`. */
  name: string;
  server: string;
  /** PEM. */
  ca: string;
  token: string;
}

interface Named {
  name: string;
  [field: string]: unknown;
}

interface KubeconfigFile {
  clusters?: Named[];
  contexts?: Named[];
  users?: Named[];
  [field: string]: unknown;
}

/** A kubeconfig with one context, as YAML. */
export function renderKubeconfig(options: KubeconfigOptions): string {
  return stringify({ apiVersion: 'v1', kind: 'Config', ...entriesOf(options), 'current-context': options.name });
}

/** Writes a kubeconfig that only its owner may read. */
export function writeKubeconfig(file: string, options: KubeconfigOptions): void {
  writePrivate(file, renderKubeconfig(options));
}

/**
 * Adds the context to the user's own kubeconfig, replacing entries of the same name, and makes it current. Returns the
 * file: the first that KUBECONFIG names, as kubectl takes it. Throws UserError when that holds something else.
 */
export function mergeKubeconfig(options: KubeconfigOptions): string {
  const file = process.env.KUBECONFIG?.split(':')[0] || join(homedir(), '.kube', 'config');
  if (!existsSync(file)) {
    writeKubeconfig(file, options);
    return file;
  }
  const present = readKubeconfig(file);
  const merged: KubeconfigFile = { apiVersion: 'v1', kind: 'Config', ...present };
  const added = entriesOf(options);
  for (const list of ['clusters', 'contexts', 'users'] as const) {
    merged[list] = [...(merged[list] ?? []).filter((entry) => entry.name !== options.name), ...added[list]];
  }
  merged['current-context'] = options.name;
  writePrivate(file, stringify(merged));
  return file;
}

function readKubeconfig(file: string): KubeconfigFile | null {
  const refused = new UserError(`${file} is not a kubeconfig; move it away or name another file in KUBECONFIG`);
  try {
    const present = parse(readFileSync(file, 'utf8')) as KubeconfigFile | null;
    if (present === null || (typeof present === 'object' && !Array.isArray(present))) return present;
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
  }
  throw refused;
}

function entriesOf(options: KubeconfigOptions) {
  const { name } = options;
  const ca = Buffer.from(options.ca).toString('base64');
  return {
    clusters: [{ name, cluster: { server: options.server, 'certificate-authority-data': ca } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    users: [{ name, user: { token: options.token } }],
  };
}

function writePrivate(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.tmp`, content, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}
