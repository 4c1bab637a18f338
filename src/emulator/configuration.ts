/** Settings of a running cluster that come from files: authentication, authorization, audit. */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { type ApiTarget, apiRequest, messageOf } from './api-request.ts';
import { UserError } from './errors.ts';

/** Keys whose values name files, which the control plane cannot read by itself. */
const FILE_KEYS = new Set(['certificate-authority', 'client-certificate', 'client-key', 'tokenFile']);
const KUBECONFIG_KEY = 'kubeConfigFile';

/** Sets a configuration from a file, with the files it names; throws UserError with the control plane's message. */
export async function setConfiguration(target: ApiTarget, name: string, file: string): Promise<void> {
  const document = read(file);
  const files: Record<string, string> = {};
  collect(parsed(document, file), dirname(file), files);
  try {
    await configurationRequest(target, name, { method: 'PUT', body: { document, files } });
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${file}: ${error.message}`);
    throw error;
  }
}

/** One request about configurations, all of them when `name` is empty; throws UserError with the message of a refusal. */
export async function configurationRequest(
  target: ApiTarget,
  name: string,
  options: { method?: string; body?: unknown } = {},
): Promise<string> {
  const path = `/kedge/v1/configuration${name === '' ? '' : `/${encodeURIComponent(name)}`}`;
  const reply = await apiRequest(target, path, { ...options, timeout: 30_000 });
  if (reply.status >= 200 && reply.status < 300) return reply.body;
  throw new UserError(messageOf(reply.body) ?? `the control plane answered ${reply.status}`);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parsed(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new UserError(
      `${file} is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`,
    );
  }
}

/** Reads every file that a document names into `files`, under the name it has there. */
function collect(value: unknown, folder: string, files: Record<string, string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const names = typeof inner === 'string' && (FILE_KEYS.has(key) || key === KUBECONFIG_KEY);
    if (!names) {
      collect(inner, folder, files);
      continue;
    }
    if (inner in files) continue;
    const path = isAbsolute(inner) ? inner : join(folder, inner);
    const text = read(path);
    files[inner] = text;
    if (key === KUBECONFIG_KEY) collect(parsed(text, path), dirname(path), files);
  }
}
