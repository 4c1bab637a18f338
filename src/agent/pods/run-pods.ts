/** The pods of a node, from the API to their workers. */
import { type Clock, delay } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { type Client, runInformer } from '../../client/index.ts';
import { type Pod, pods } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { type Log, messageOf } from '../log.ts';
import type { ContainerRuntime } from '../runtime/contract.ts';
import { Backoff } from './backoff.ts';
import type { NodeFacts, PodContext, ServiceSource } from './context.ts';
import type { EventRecorder } from './event-recorder.ts';
import { ImagePuller } from './image-puller.ts';
import { ApiObjectSource, emptyObjectSource } from './object-source.ts';
import { PodSet } from './pod-set.ts';
import { SavedPods } from './saved-pods.ts';
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
  services: ServiceSource;
  events: EventRecorder;
  /** Milliseconds to wait for the API before pods that an earlier agent wrote down are taken up. */
  apiPatience: number;
  /** False for simulated nodes. */
  real: boolean;
}

export interface RunningPods {
  readonly set: PodSet;
  /** The pods with the newest statuses the agent knows. */
  list(): Pod[];
  /** Resolves when the pods of this node were listed once. */
  synced: Promise<void>;
  /** Ends the workers; the pods go on running. */
  stop(): Promise<void>;
}

/** Milliseconds for what is under way when the agent ends. */
const STOP_MS = 5_000;

/** Upstream: syncFrequency. */
const LOOK_MS = 10_000;

export function runPods(options: RunPodsOptions): RunningPods {
  const { client, runtime, clock, random, log, real } = options;
  const stop = new AbortController();
  const status = new ApiStatusSink({ client, clock, log });
  const objects = real ? new ApiObjectSource({ client, clock, random }) : undefined;
  const context: PodContext = {
    runtime,
    clock,
    random,
    log,
    node: options.node,
    events: options.events,
    status,
    images: new ImagePuller({ runtime, clock, events: options.events }),
    objects: objects ?? emptyObjectSource,
    tokens: new ApiTokenSource(client, clock),
    services: options.services,
    saved: real ? new SavedPods({ podsDir: () => options.node().podsDir, clock, log }) : undefined,
    restartBackoff: new Backoff(clock),
    real,
  };
  const set = new PodSet(context);
  const synced = followPods(options, set, stop.signal);
  if (context.saved)
    restore(context.saved, { set, synced, clock, log, signal: stop.signal, apiPatience: options.apiPatience });
  if (real) void lookAgain(set, clock, stop.signal);
  return {
    set,
    synced,
    list: () => [...set].map((worker) => ({ ...worker.pod, status: worker.status ?? worker.pod.status ?? {} })),
    async stop() {
      stop.abort();
      // Whoever stops the pods next must not have one of them set up behind its back.
      await Promise.race([set.detach(), delay(clock, STOP_MS)]);
      status.close();
      objects?.close();
      await context.saved?.flush();
    },
  };
}

interface RestoreOptions extends Pick<RunPodsOptions, 'clock' | 'log' | 'apiPatience'> {
  set: PodSet;
  synced: Promise<void>;
  signal: AbortSignal;
}

/** Without an API the pods of an earlier run are looked after; what it says later counts. */
function restore(saved: SavedPods, { set, synced, clock, log, signal, apiPatience }: RestoreOptions): void {
  const heard = new AbortController();
  void synced.then(() => heard.abort());
  const late = delay(clock, apiPatience, AbortSignal.any([signal, heard.signal])).then(async () => {
    const known = await saved.load();
    if (heard.signal.aborted || signal.aborted) return;
    log('warn', 'the API does not answer: pods are those of the last run', { pods: known.length });
    set.restore(known);
  });
  late.catch((error) => {
    if (!signal.aborted && !heard.signal.aborted) log('warn', 'pods not read from disk', { error: messageOf(error) });
  });
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
      onSynced(objects) {
        set.retain(objects.values());
        set.resend();
        if (first)
          void set.removeOrphans().catch((error) => log('warn', 'orphaned pods stay', { error: messageOf(error) }));
        first = false;
        resolve();
      },
    });
  });
}
