/** Files from ConfigMaps and Secrets, for their own volumes and for projected ones. */
import type { KeyToPath } from '../../kinds/index.ts';
import type { PodContext } from '../pods/context.ts';
import type { FileContent } from './atomic-writer.ts';
import { VolumeError } from './contract.ts';

export interface ObjectFiles {
  kind: 'ConfigMap' | 'Secret';
  namespace: string;
  name: string;
  items: readonly KeyToPath[] | undefined;
  optional: boolean;
  defaultMode: number;
}

async function bytesOf(source: ObjectFiles, context: PodContext): Promise<Map<string, Uint8Array> | undefined> {
  const out = new Map<string, Uint8Array>();
  if (source.kind === 'Secret') {
    const object = await context.objects.secret(source.namespace, source.name);
    if (object === undefined) return undefined;
    for (const [key, value] of Object.entries(object.data ?? {})) out.set(key, Buffer.from(value, 'base64'));
    return out;
  }
  const object = await context.objects.configMap(source.namespace, source.name);
  if (object === undefined) return undefined;
  for (const [key, value] of Object.entries(object.data ?? {})) out.set(key, Buffer.from(value));
  for (const [key, value] of Object.entries(object.binaryData ?? {})) out.set(key, Buffer.from(value, 'base64'));
  return out;
}

/** Adds the object's files to `files`. */
export async function addObjectFiles(
  files: Map<string, FileContent>,
  source: ObjectFiles,
  context: PodContext,
): Promise<void> {
  const data = await bytesOf(source, context);
  if (data === undefined) {
    if (source.optional) return;
    throw new VolumeError(`${source.kind.toLowerCase()} "${source.name}" not found`);
  }
  if (source.items === undefined || source.items.length === 0) {
    for (const [key, content] of data) files.set(key, { content, mode: source.defaultMode });
    return;
  }
  for (const { key, path, mode } of source.items) {
    const content = data.get(key);
    if (content !== undefined) files.set(path, { content, mode: mode ?? source.defaultMode });
    else if (!source.optional) {
      const what =
        source.kind === 'Secret'
          ? 'references non-existent secret key'
          : 'configmap references non-existent config key';
      throw new VolumeError(`${what}: ${key}`);
    }
  }
}
