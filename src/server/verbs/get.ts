/** GET of one object. Upstream: handlers/get.go. */
import { notFound } from '../../machinery/status.ts';
import type { StoredObject } from '../../storage/contract.ts';
import { decodeStored } from '../encode.ts';
import { respondObject, respondText } from '../respond/object.ts';
import { keyOf, type ResourceCall, readHookOf, subjectOf } from '../scope.ts';
import { tooLargeVersion } from './list.ts';
import { parseResourceVersion } from './list-options.ts';
import { outputOf } from './output.ts';

export async function getVerb(call: ResourceCall): Promise<Response> {
  const output = outputOf(call);
  const oldest = parseResourceVersion(call.scope.query.get('resourceVersion') ?? '');
  const stored = await loadStored(call, { oldest });
  const hook = readHookOf(call);
  if (hook) {
    const object = decodeStored(call.kind, stored.text);
    await hook.overlay([object]);
    return respondObject(call, { object, output, status: 200 });
  }
  return respondText(call, { text: stored.text, output, status: 200 });
}

export interface LoadOptions {
  name?: string;
  /** The lowest revision of the shard that will do; 504 when it is not there yet. */
  oldest?: number;
}

/** The stored object that `call` names. Throws 404. */
export async function loadStored(
  call: ResourceCall,
  { name = call.name, oldest = 0 }: LoadOptions = {},
): Promise<StoredObject> {
  const shard = call.parts.options.store.shardOf(call.kind.storedAs);
  const result = await shard.get(keyOf(call, name));
  call.parts.config.observe(result.tracked, call.kind.storedAs);
  if (oldest > result.revision) throw tooLargeVersion(String(oldest), result.revision);
  if (!result.object) throw notFound(subjectOf(call.kind), name);
  return result.object;
}
