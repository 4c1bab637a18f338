/** GET of one object. Upstream: handlers/get.go. */
import { notFound } from '../../machinery/status.ts';
import type { StoredObject } from '../../storage/contract.ts';
import { negotiateOutput } from '../negotiation/accept.ts';
import { respondText } from '../respond/object.ts';
import { keyOf, type ResourceCall, subjectOf } from '../scope.ts';

export async function getVerb(call: ResourceCall): Promise<Response> {
  const output = negotiateOutput(call.scope.request, call.scope.query);
  const stored = await loadStored(call);
  return respondText(call, { text: stored.text, output, status: 200 });
}

/** The stored object that `call` names. Throws 404. */
export async function loadStored(call: ResourceCall, name = call.name): Promise<StoredObject> {
  const shard = call.parts.options.store.shardOf(call.kind.storedAs);
  const result = await shard.get(keyOf(call, name));
  call.parts.config.observe(result.tracked, call.kind.storedAs);
  if (!result.object) throw notFound(subjectOf(call.kind), name);
  return result.object;
}
