/** Keeps the packet rules equal to what the store of services says. */
import type { Clock } from '../../base/clock.ts';
import { type Log, messageOf } from '../log.ts';
import type { NftTable } from './nft.ts';
import { type ServiceRulesInput, serviceRules } from './service-rules.ts';
import type { ServiceStore } from './service-store.ts';
import { forgetFlows, staleFlows, type UdpTargets, udpTargets } from './udp-flows.ts';

export interface ServiceProxyOptions extends Pick<ServiceRulesInput, 'node' | 'clusterCIDR' | 'overrides'> {
  store: ServiceStore;
  table: NftTable;
  clock: Clock;
  log: Log;
}

export interface ServiceProxy {
  /** Resolves when all that was known at the call is in the kernel. */
  flush(): Promise<void>;
  stop(): void;
}

/** Changes that come together, as a rollout's do, become one transaction. */
const GATHER_MS = 5;
const RETRY_MS = 2000;

export function createServiceProxy(options: ServiceProxyOptions): ServiceProxy {
  const { store, table, clock, log } = options;
  let stopped = false;
  let udp: UdpTargets = new Map();
  let cancelTimer: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();
  const sync = async () => {
    if (stopped || !store.synced) return;
    try {
      const input = { ...options, slices: store.slices };
      await table.apply(serviceRules({ ...input, services: store.services.values() }));
      const targets = udpTargets({ ...input, services: store.services.values() });
      await forgetFlows(staleFlows(udp, targets));
      udp = targets;
    } catch (error) {
      log('error', 'services cannot be written to the packet filter', { error: messageOf(error) });
      schedule(RETRY_MS);
    }
  };
  const flush = () => {
    cancelTimer?.();
    cancelTimer = undefined;
    running = running.then(sync);
    return running;
  };
  const schedule = (ms: number) => {
    if (stopped || cancelTimer) return;
    cancelTimer = clock.after(ms, () => void flush());
  };
  store.subscribe(() => schedule(GATHER_MS));
  schedule(0);
  return {
    flush,
    stop() {
      stopped = true;
      cancelTimer?.();
    },
  };
}
