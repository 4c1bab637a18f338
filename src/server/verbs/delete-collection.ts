/** DELETE of a collection. Upstream: handlers/delete.go DeleteCollection, registry/generic/registry/store.go. */
import { StatusError } from '../../machinery/status.ts';
import { respondList } from '../respond/list.ts';
import type { ResourceCall } from '../scope.ts';
import { deleteObject, warnOnDelete } from './delete.ts';
import { readDeleteOptions } from './delete-options.ts';
import { readCollection } from './list.ts';
import { parseCollectionOptions } from './list-options.ts';
import { outputOf } from './output.ts';

/** How many objects are deleted at a time; one after the other would pay a round trip each. */
const WIDTH = 8;

export async function deleteCollectionVerb(call: ResourceCall): Promise<Response> {
  const output = outputOf(call);
  const collection = parseCollectionOptions(call, false);
  const options = { ...(await readDeleteOptions(call.scope)), inCollection: true };
  warnOnDelete(call, options);
  const { objects, metadata } = await readCollection(call, collection);
  const queue = [...objects];
  const work = async (): Promise<void> => {
    for (let object = queue.shift(); object; object = queue.shift()) {
      const one: ResourceCall = { ...call, name: object.metadata.name!, namespace: object.metadata.namespace ?? '' };
      try {
        await deleteObject(one, options);
      } catch (error) {
        // Somebody else deleted it first, which is what was asked for.
        if (!(error instanceof StatusError && error.code === 404)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, queue.length) }, work));
  return respondList(call, { objects, metadata, output });
}
