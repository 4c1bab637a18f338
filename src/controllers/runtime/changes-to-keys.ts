import type { Client } from '../../client/client.ts';
import type { KindRef } from '../../machinery/kind.ts';
import { groupResource, type KubeObject } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status.ts';
import { changeOfObject } from './change.ts';
import type { Controller, KeyContext } from './define-controller.ts';

/** Reads for turning one batch of changes into keys: each collection is listed once. */
export function createKeyContext(client: Client): KeyContext {
  const lists = new Map<string, Promise<readonly KubeObject[]>>();
  return {
    client,
    list<T extends KubeObject>(kind: KindRef<T>, namespace = ''): Promise<readonly T[]> {
      const id = `${groupResource(kind.group, kind.resource)}/${namespace}`;
      let list = lists.get(id) as Promise<readonly T[]> | undefined;
      if (list === undefined) {
        list = client.list(kind, namespace === '' ? {} : { namespace }).then((result) => result.items);
        lists.set(id, list);
      }
      return list;
    },
  };
}

/** Every key of a controller, as if all objects that it watches had just been created. */
export async function resyncKeys(controller: Controller, client: Client): Promise<Set<string>> {
  const keys = new Set<string>();
  const context = createKeyContext(client);
  for (const { kind, keys: keysOf } of controller.watches) {
    if (kind === 'all') continue;
    for (const object of await context.list(kind)) {
      for (const key of await keysOf(changeOfObject(kind, object), context)) keys.add(key);
    }
  }
  return keys;
}

/** Whether trying again may help: a fault of the moment, as opposed to one of the program or its permissions. */
export function isTransient(error: unknown): boolean {
  if (error instanceof StatusError) return error.code >= 500 || error.code === 429 || error.code === 409;
  return !(error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError);
}
