/** The pods of a node, from the API to their workers. */
import { type Clock, delay } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { type Client, runInformer } from '../../client/index.ts';
import { type Pod, pods, type Service, services } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { type Log, messageOf } from '../log.ts';
import type { ContainerRuntime } from '../runtime/contract.ts';
import { Backoff } from './backoff.ts';
import type { NodeFacts, PodContext } from './context.ts';
import { ApiEventRecorder } from './event-recorder.ts';
import { ImagePuller } from './image-puller.ts';
import { ApiObjectSource, emptyObjectSource } from './object-source.ts';
import { PodSet } from './pod-set.ts';
import { ServiceCache } from './service-source.ts';
import { ApiStatusSink } from './status-sink.ts';
import { ApiTokenSource } from './token-source.ts';

export interface RunPodsOptions {
  client: Client;
  runtime: ContainerRuntime;
  clock: Clock;
  random: Random;
  log: Log;
  nodeName: string;
  node: () => NodeFacts;
  /** False for simulated nodes. */
  real: boolean;
}

export interface RunningPods {
  readonly set: PodSet;
  /** The pods with the newest statuses the agent knows. */
  list(): Pod[];
  /** Resolves when the pods of this node were listed once. */
  synced: Promise<void>;
  events: ApiEventRecorder;
  /** Ends the workers; the pods go on running. */
  stop(): void;
}

/** Upstream: syncFrequency. */
const LOOK_MS = 60_000;

export function runPods(options: RunPodsOptions): RunningPods {
  const { client, runtime, clock, random, log, nodeName, real } = options;
  const stop = new AbortController();
  const events = new ApiEventRecorder({ client, clock, random, nodeName });
  const status = new ApiStatusSink({ client, clock, log });
  const cache = new ServiceCache();
  const objects = real ? new ApiObjectSource({ client, clock, random }) : undefined;
  const context: PodContext = {
    runtime,
    clock,
    random,
    log,
    node: options.node,
    events,
    status,
    images: new ImagePuller({ runtime, clock, events }),
    objects: objects ?? emptyObjectSource,
    tokens: new ApiTokenSource(client, clock),
    services: cache,
    restartBackoff: new Backoff(clock),
    real,
  };
  const set = new PodSet(context);
  if (real) void followServices(options, cache, stop.signal);
  const synced = followPods(options, set, stop.signal);
  if (real) void lookAgain(set, clock, stop.signal);
  return {
    set,
    synced,
    events,
    list: () => [...set].map((worker) => ({ ...worker.pod, status: worker.status ?? worker.pod.status ?? {} })),
    stop() {
      stop.abort();
      set.detach();
      events.close();
      status.close();
      objects?.close();
    },
  };
}

/** Events of the runtime can get lost: every pod is looked at now and then. */
async function lookAgain(set: PodSet, clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    await delay(clock, LOOK_MS, signal).catch(() => {});
    if (signal.aborted) return;
    for (const worker of set) worker.wake();
  }
}

function followPods(
  { client, clock, random, log, nodeName }: RunPodsOptions,
  set: PodSet,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    let first = true;
    void runInformer<Pod & KubeObject>({
      client,
      kind: pods as never,
      fieldSelector: `spec.nodeName=${nodeName}`,
      clock,
      random,
      signal,
      onSet: (pod) => set.set(pod),
      onDelete: (pod) => set.delete(pod),
      onError: (error) => log('warn', 'pods cannot be watched', { error: messageOf(error) }),
      onSynced() {
        if (!first) set.resend();
        else void set.removeOrphans().catch((error) => log('warn', 'orphaned pods stay', { error: messageOf(error) }));
        first = false;
        resolve();
      },
    });
  });
}

/** Services of the cluster, for the variables that containers get. */
function followServices(
  { client, clock, random, log }: RunPodsOptions,
  cache: ServiceCache,
  signal: AbortSignal,
): Promise<void> {
  return runInformer<Service & KubeObject>({
    client,
    kind: services as never,
    clock,
    random,
    signal,
    onSet: (service) => cache.set(service),
    onDelete: (service) => cache.delete(service),
    onError: (error) => log('warn', 'services cannot be watched', { error: messageOf(error) }),
    onSynced: () => cache.markSynced(),
  });
}
