/**
 * Addresses and node ports of Services. An address is held by its IPAddress object, a port by a claim of the Service;
 * both are written in the Service's own transaction. Upstream: registry/core/service/storage/{alloc,storage}.go.
 */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { isHeadlessService as isHeadless, needsClusterIP, type Service } from '../../kinds/index.ts';
import type { ClusterSettings } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { internalError, invalid } from '../../machinery/status.ts';
import { apiTime } from '../../machinery/time.ts';
import type { ObjectKey, Store, WriteOp } from '../../storage/contract.ts';
import type { AttachedWrite, HookedWrite, KindRegistry, RefusedOperation, WriteHook } from '../contract.ts';
import { encodeObject } from '../encode.ts';
import { addressOffsets, ipv4Text, parseIpv4Range, pickOffset } from './address-range.ts';
import { NodePortPlan } from './node-ports.ts';

export interface ServiceAllocatorDeps {
  store: Store;
  kinds: KindRegistry;
  settings: ClusterSettings;
  clock: Clock;
  random: Random;
}

const ADDRESSES = 'ipaddresses.networking.k8s.io';
const MAX_PICKS = 14;

export function createServiceAllocator(deps: ServiceAllocatorDeps): WriteHook {
  return {
    resource: 'services',
    async begin(write) {
      const allocation = new ServiceAllocation(write, deps);
      if (write.dryRun) {
        await allocation.checkDry();
        return undefined;
      }
      return allocation;
    },
  };
}

/** The allocations of one write. `ops` and `claims` follow the object, whose name may still change between tries. */
class ServiceAllocation implements AttachedWrite {
  readonly #deps: ServiceAllocatorDeps;
  readonly #service: Service;
  readonly #old: Service | undefined;
  readonly #ports: NodePortPlan;
  /** The address to take, and whether the client asked for it. */
  #take: { ip: string; requested: boolean } | undefined;
  #release: string | undefined;
  #picks = 0;

  constructor(write: HookedWrite, deps: ServiceAllocatorDeps) {
    this.#deps = deps;
    const deleting = write.operation === 'DELETE';
    this.#service = write.object as Service;
    this.#old = deleting ? this.#service : (write.old as Service | undefined);
    if (!deleting) this.#planAddress();
    if (deleting || !needsClusterIP(this.#service)) this.#release = addressOf(this.#old);
    const { settings, random } = deps;
    const ports = { settings, random, dryRun: write.dryRun };
    this.#ports = new NodePortPlan(deleting ? undefined : this.#service, this.#old, ports);
  }

  get claims(): readonly string[] {
    return this.#ports.claims;
  }

  get ops(): readonly WriteOp[] {
    const ops: WriteOp[] = [];
    if (this.#take) ops.push(this.#createOp(this.#take.ip));
    if (this.#release !== undefined) ops.push({ type: 'delete', key: keyOf(this.#release) });
    return ops;
  }

  async retry(refused: RefusedOperation): Promise<void> {
    if (refused.claim !== undefined) {
      this.#ports.retry(refused.claim);
      return;
    }
    if (refused.why === 'NotFound' && refused.key?.name === this.#release) {
      this.#release = undefined;
      return;
    }
    if (refused.why !== 'AlreadyExists' || !this.#take)
      throw internalError(`address allocation failed: ${refused.why}`);
    if (this.#take.requested) throw this.#taken(this.#take.ip);
    this.#pick();
  }

  /** Dry runs show an address, whoever has it, and refuse ports that are taken, without keeping anything. */
  async checkDry(): Promise<void> {
    const { store } = this.#deps;
    await this.#ports.checkDry(store);
  }

  #planAddress(): void {
    const { spec = {} } = this.#service;
    if (!needsClusterIP(this.#service) || isHeadless(this.#service)) return;
    if (this.#old && needsClusterIP(this.#old) && this.#old.spec?.clusterIP) return;
    // The strategy of the kind refused what is not of the range.
    const wanted = spec.clusterIPs?.[0] || spec.clusterIP;
    if (wanted) this.#set(wanted, true);
    else this.#pick();
  }

  #pick(): void {
    const range = parseIpv4Range(this.#deps.settings.serviceCIDR);
    if (this.#picks++ >= MAX_PICKS) throw internalError('failed to allocate a serviceIP: range is full');
    const offset = pickOffset(addressOffsets(range.size), this.#picks, this.#deps.random);
    this.#set(ipv4Text(range.first + offset), false);
  }

  #set(ip: string, requested: boolean): void {
    this.#take = { ip, requested };
    const { spec } = this.#service;
    spec.clusterIP = ip;
    spec.clusterIPs = [ip];
  }

  #taken(ip: string): Error {
    return this.#refuse(ip, 'provided IP is already allocated');
  }

  #refuse(ip: string, why: string): Error {
    const value = JSON.stringify(this.#service.spec?.clusterIPs ?? [ip]);
    const message = `Invalid value: ${value}: failed to allocate IP ${ip}: ${why}`;
    return invalid({ group: '', kind: 'Service' }, this.#service.metadata.name ?? '', [
      { type: 'FieldValueInvalid', field: 'spec.clusterIPs', message },
    ]);
  }

  #createOp(ip: string): WriteOp {
    const { kinds, clock, random } = this.#deps;
    const kind = kinds.byStored(ADDRESSES);
    if (!kind) throw internalError('the kind IPAddress is not served');
    const { name, namespace } = this.#service.metadata;
    const object: KubeObject = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IPAddress',
      metadata: {
        name: ip,
        uid: random.uuid(),
        creationTimestamp: apiTime(clock.now()),
        labels: {
          'ipaddress.kubernetes.io/ip-family': 'IPv4',
          'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
        },
      },
      spec: { parentRef: { resource: 'services', namespace, name } },
    };
    return { type: 'create', key: keyOf(ip), object: encodeObject(kind, object) };
  }
}

const keyOf = (ip: string): ObjectKey => ({ resource: ADDRESSES, namespace: '', name: ip });

/** The address a stored Service holds. */
function addressOf(service: Service | undefined): string | undefined {
  if (!service || !needsClusterIP(service) || isHeadless(service)) return undefined;
  return service.spec?.clusterIP || undefined;
}
