/** Keeps the record of each definition beside it, in the same transactions. */
import {
  type CustomResourceDefinition,
  customResourceDefinitions,
  DEFINITION_RECORDS,
  recordOf,
  storageVersionOf,
} from '../../kinds/index.ts';
import { internalError } from '../../machinery/status.ts';
import type { EncodedObject, ObjectKey, WriteOp } from '../../storage/contract.ts';
import type { AttachedWrite, HookedWrite, WriteHook } from '../contract.ts';
import { isDeletable } from '../verbs/deletion-plan.ts';

/** Runs on every write of a definition. */
export const definitionRecords: WriteHook = {
  resource: customResourceDefinitions.storedAs,
  everyWrite: true,
  async begin({ operation, object, dryRun }: HookedWrite): Promise<AttachedWrite | undefined> {
    if (dryRun) return undefined;
    const definition = object as CustomResourceDefinition;
    const key = recordKey(definition.metadata.name ?? '');
    if (operation === 'DELETE' || isDeletable(object)) return attached({ type: 'delete', key });
    const encoded = encodeRecord(definition, await storageVersionHash(definition));
    return attached({ type: operation === 'CREATE' ? 'create' : 'update', key, object: encoded });
  },
};

export function recordKey(name: string): ObjectKey {
  return { resource: DEFINITION_RECORDS, namespace: '', name };
}

/** What the record's UID becomes with the deletion of its definition, so that checks of the other one fail. */
export const recordUid = (uid: string, terminating: boolean): string =>
  `${uid}/${terminating ? 'terminating' : 'active'}`;

/** A record that is missing, or there against expectation, is written all the same. */
function attached(first: WriteOp): AttachedWrite {
  let op: WriteOp | undefined = first;
  return {
    get ops() {
      return op ? [op] : [];
    },
    claims: [],
    async retry({ why }) {
      if (why === 'NotFound' && op?.type === 'update') op = { type: 'create', key: op.key, object: op.object };
      else if (why === 'NotFound' && op?.type === 'delete') op = undefined;
      else if (why === 'AlreadyExists' && op?.type === 'create')
        op = { type: 'update', key: op.key, object: op.object };
      else throw internalError(`storage refused the record of a definition: ${why}`);
    },
  };
}

function encodeRecord(definition: CustomResourceDefinition, hash: string): EncodedObject {
  const { metadata, ...record } = recordOf(definition, hash);
  const { name, uid } = metadata;
  const head = `{ "metadata":{"name":${JSON.stringify(name)},"uid":${JSON.stringify(uid)},"resourceVersion":"`;
  return {
    text: `${head}"},${JSON.stringify(record).slice(1)}`,
    revisionAt: head.length,
    projection: {
      uid: recordUid(uid, record.terminating),
      ...{ labels: {}, fields: {}, indexed: [], owners: [], deleting: false },
    },
  };
}

/** Upstream: apiserver/pkg/endpoints/discovery/storageversionhash.go. */
async function storageVersionHash(definition: CustomResourceDefinition): Promise<string> {
  const { group, names } = definition.spec;
  const text = `${group}/${storageVersionOf(definition)}/${names.kind}`;
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest, 0, 8)));
}
