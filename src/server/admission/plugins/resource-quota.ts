/**
 * Holds a namespace to its quotas. The usage is raised in the transaction that writes the object, so that what was
 * admitted is counted and what failed is not. Upstream: apiserver/pkg/admission/plugin/resourcequota.
 */
import {
  type Amounts,
  amountsOf,
  isCounted,
  matchesScopes,
  missingAmounts,
  type Pod,
  type ResourceQuota,
  usageOf,
} from '../../../kinds/index.ts';
import { trackUpdate } from '../../../machinery/apply/index.ts';
import type { Kind } from '../../../machinery/kind.ts';
import { apiVersionOf, type KubeObject } from '../../../machinery/meta.ts';
import { internalError } from '../../../machinery/status.ts';
import type { ObjectKey, WriteOp } from '../../../storage/contract.ts';
import type {
  AdmissionContext,
  AdmissionPlugin,
  AdmissionRequest,
  AttachedWrite,
  RefusedOperation,
} from '../../contract.ts';
import { encodeObject } from '../../encode.ts';
import { isPodCreate, liveObject, refusal } from '../requests.ts';

const QUOTAS = 'resourcequotas';
const MAX_TRIES = 16;
/** Kinds whose usage changes with an update. */
const CHANGING = new Set(['services', 'persistentvolumeclaims', 'pods', 'resourceclaims.resource.k8s.io']);

export const resourceQuota: AdmissionPlugin = {
  name: 'ResourceQuota',
  handles: ({ kind, operation, subresource }) =>
    kind.namespaced &&
    kind.stored &&
    ((operation === 'CREATE' && subresource === '') ||
      (operation === 'UPDATE' && subresource === '' && CHANGING.has(kind.storedAs)) ||
      (operation === 'UPDATE' && subresource === 'resize')),
  async validate(request, context) {
    if (!request.object) return;
    const quotas = context.config.list<ResourceQuota>(QUOTAS, request.namespace);
    if (quotas.length === 0) return;
    const interesting = quotas.filter((quota) => concerns(request, quota));
    for (const quota of interesting) {
      const delta = usageDelta(request, quota);
      if (delta.size === 0 || !charged(request, quota, delta) || !request.attach) continue;
      const charge = new QuotaCharge({ request, context, quota, delta });
      const { store } = context;
      if (store.shardOf(request.kind.storedAs) === store.shardOf(QUOTAS)) request.attach(charge);
      else await chargeAlone(charge, context);
    }
  },
};

/** Whether the quota counts this object. Throws when the object or the quota lacks what that needs. */
function concerns(request: AdmissionRequest, quota: ResourceQuota): boolean {
  const { kind, object } = request;
  if (!object || !matchesScopes(quota, kind.storedAs, object)) return false;
  const restricted = Object.keys(quota.status?.hard ?? {}).filter((name) => isCounted(kind.storedAs, name));
  if (restricted.length === 0) return false;
  const name = quota.metadata.name ?? '';
  if (isPodCreate(request)) {
    const missing = missingAmounts(object as unknown as Pod, restricted);
    if (missing) throw refusal(request, `failed quota: ${name}: ${missing}`);
  }
  const unknown = restricted.filter((resource) => quota.status?.used?.[resource] === undefined);
  if (unknown.length > 0) {
    throw refusal(request, `status unknown for quota: ${name}, resources: ${unknown.sort().join(',')}`);
  }
  return true;
}

/** What the write adds to a quota; only what grows. An object that comes into its scopes adds all that it uses. */
function usageDelta({ kind, object, oldObject }: AdmissionRequest, quota: ResourceQuota): Amounts {
  const usage = usageOf(kind.storedAs, object as KubeObject);
  const before =
    oldObject && matchesScopes(quota, kind.storedAs, oldObject) ? usageOf(kind.storedAs, oldObject) : new Map();
  for (const [name, amount] of usage) {
    const old = before.get(name);
    const growth = old ? amount.subtract(old) : amount;
    if (growth.sign > 0) usage.set(name, growth);
    else usage.delete(name);
  }
  return usage;
}

/** The usage after the write, or undefined when the quota does not count it. Throws 403 when it is exceeded. */
function charged(request: AdmissionRequest, quota: ResourceQuota, delta: Amounts): Record<string, string> | undefined {
  const hard = amountsOf(quota.status?.hard);
  const used = amountsOf(quota.status?.used);
  const names = [...delta.keys()].filter((name) => hard.has(name)).sort();
  if (names.length === 0) return undefined;
  const next = { ...quota.status?.used };
  const exceeded: string[] = [];
  for (const name of names) {
    const sum = used.get(name)?.add(delta.get(name) as NonNullable<ReturnType<Amounts['get']>>) ?? delta.get(name);
    if (!sum) continue;
    next[name] = sum.toString();
    if (sum.compare(hard.get(name) as typeof sum) > 0) exceeded.push(name);
  }
  if (exceeded.length === 0) return next;
  const show = (amounts: Amounts): string => exceeded.map((name) => `${name}=${amounts.get(name) ?? '0'}`).join(',');
  throw refusal(
    request,
    `exceeded quota: ${quota.metadata.name}, requested: ${show(delta)}, used: ${show(used)}, limited: ${show(hard)}`,
  );
}

/**
 * Charges a quota that another shard holds than the object. When the object is refused afterwards the usage stays too
 * high until it is counted anew, as upstream's does.
 */
async function chargeAlone(charge: QuotaCharge, { store, random, observe }: AdmissionContext): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const [op] = charge.ops;
    if (!op) return;
    const result = await store.shardOf(QUOTAS).transact({ id: random.uuid(), ops: [op] });
    observe?.(result.tracked, QUOTAS);
    if (result.ok) return;
    if (result.why === 'TooLarge' || result.why === 'Full')
      throw internalError(`the quota was not charged: ${result.why}`);
    await charge.retry({ why: result.why, key: op.key });
  }
  throw internalError('the quota changed too often to be charged');
}

/** The new usage with the server as the manager of what it changed. */
function owned(kind: Kind, live: KubeObject, { object, now }: { object: KubeObject; now: number }): KubeObject {
  const managedFields = trackUpdate({
    live,
    object,
    schema: kind.schema,
    apiVersion: apiVersionOf(kind.group, kind.version),
    manager: 'kube-apiserver',
    subresource: 'status',
    now,
  });
  return managedFields ? { ...object, metadata: { ...object.metadata, managedFields } } : object;
}

interface ChargeInput {
  request: AdmissionRequest;
  context: AdmissionContext;
  quota: ResourceQuota;
  delta: Amounts;
}

/** The rise of one quota's usage, tried anew when somebody else raised it meanwhile. */
class QuotaCharge implements AttachedWrite {
  readonly claims: readonly string[] = [];
  readonly #input: ChargeInput;
  readonly #key: ObjectKey;
  #quota: ResourceQuota | undefined;

  constructor(input: ChargeInput) {
    this.#input = input;
    this.#quota = input.quota;
    this.#key = { resource: QUOTAS, namespace: input.request.namespace, name: input.quota.metadata.name ?? '' };
  }

  get ops(): readonly WriteOp[] {
    const { request, context, delta } = this.#input;
    const quota = this.#quota;
    const used = quota && charged(request, quota, delta);
    if (!quota || !used) return [];
    const kind = context.kinds.byStored(QUOTAS);
    if (!kind) throw internalError('the kind ResourceQuota is not served');
    const next = owned(kind, quota as KubeObject, {
      object: { ...quota, status: { ...quota.status, used } } as KubeObject,
      now: context.clock.now(),
    });
    const expect = { revision: Number(quota.metadata.resourceVersion) };
    return [{ type: 'update', key: this.#key, object: encodeObject(kind, next), expect }];
  }

  async retry(refused: RefusedOperation): Promise<void> {
    const { request, context } = this.#input;
    this.#quota = refused.why === 'NotFound' ? undefined : await liveObject<ResourceQuota>(context, this.#key);
    if (this.#quota && !concerns(request, this.#quota)) this.#quota = undefined;
  }
}
