/** Writes one object with everything that belongs to it in one transaction. */
import type { Kind } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { conflict, internalError, requestEntityTooLarge, serviceUnavailable } from '../../machinery/status.ts';
import type {
  EncodedObject,
  ObjectKey,
  Precondition,
  StoredObject,
  TransactionResult,
  WriteOp,
} from '../../storage/contract.ts';
import type { AttachedWrite, RefusedOperation } from '../contract.ts';
import { encodeObject } from '../encode.ts';
import { type ServerParts, subjectOf } from '../scope.ts';

export interface Commit {
  type: 'create' | 'update' | 'delete';
  kind: Kind;
  key: ObjectKey;
  /** What is written; for a delete, the last state, or undefined to take the stored one. */
  object: KubeObject | undefined;
  expect?: Precondition;
  attached: readonly AttachedWrite[];
  /** The encoding of `object`, where the caller has it already; used when nothing claims anything. */
  encoded?: EncodedObject;
}

/** Why the object itself could not be written; refusals of what is attached are answered here. */
export type Refusal = Extract<TransactionResult, { ok: false }>;

export type CommitResult =
  | { ok: true; stored: StoredObject | null; revision: number }
  | { ok: false; refusal: Refusal };

const MAX_TRIES = 16;

/** Writes, again and anew when something attached was refused and can be mended. */
export async function commit(parts: ServerParts, write: Commit): Promise<CommitResult> {
  const shard = parts.options.store.shardOf(write.key.resource);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const ops: WriteOp[] = [operationOf(write)];
    for (const attached of write.attached) ops.push(...attached.ops);
    const result = await shard.transact({ id: parts.options.random.uuid(), ops });
    parts.config.observe(result.tracked, write.key.resource);
    if (result.ok) {
      if (write.kind.itemsCarryType || write.kind.definesKinds) await parts.definitions.written(write);
      if (write.kind.definesApis) await parts.aggregation.written(write);
      return { ok: true, stored: result.objects[0] ?? null, revision: result.revision };
    }
    if (result.why === 'TooLarge') throw requestEntityTooLarge('limit is 1572864');
    if (result.why === 'Full') throw serviceUnavailable('the storage of this cluster is full');
    const owner = ownerOf(write, result);
    if (!owner) return { ok: false, refusal: result };
    await owner.retry(refusedOperation(result, ops));
  }
  throw conflict(subjectOf(write.kind), write.key.name, 'too many writes in its way; please try again');
}

function operationOf(write: Commit): WriteOp {
  const expect = write.expect ? { expect: write.expect } : {};
  const { key } = write;
  if (write.type === 'delete') {
    return {
      type: 'delete',
      key,
      ...expect,
      ...(write.object ? { object: encodeObject(write.kind, write.object) } : {}),
    };
  }
  if (!write.object) throw internalError('nothing to write');
  const claims = write.attached.flatMap((attached) => attached.claims);
  const plain = write.encoded && write.attached.length === 0 ? write.encoded : encodeObject(write.kind, write.object);
  const object = claims.length > 0 ? { ...plain, claims: [...new Set([...(plain.claims ?? []), ...claims])] } : plain;
  return write.type === 'create' ? { type: 'create', key, object } : { type: 'update', key, object, ...expect };
}

/** The attached write that a refusal concerns. */
function ownerOf(write: Commit, refusal: Refusal): AttachedWrite | undefined {
  if (refusal.why === 'ClaimTaken') {
    return write.attached.find((attached) => refusal.claim !== undefined && attached.claims.includes(refusal.claim));
  }
  let first = 1;
  for (const attached of write.attached) {
    if (refusal.op >= first && refusal.op < first + attached.ops.length) return attached;
    first += attached.ops.length;
  }
  return undefined;
}

function refusedOperation(refusal: Refusal, ops: readonly WriteOp[]): RefusedOperation {
  const key = ops[refusal.op]?.key;
  return {
    why: refusal.why as RefusedOperation['why'],
    ...(refusal.claim === undefined ? {} : { claim: refusal.claim }),
    ...(key === undefined ? {} : { key }),
  };
}
