import type { Client, DeleteOptions, PatchType } from '../../client/client.ts';
import type { KindRef } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status.ts';
import type { EventSpec } from './events.ts';

/** What a write has to say to the user, once its outcome is known. */
export interface WriteEvents {
  succeeded?(result: KubeObject): EventSpec;
  failed?(error: Error): EventSpec;
}

export type Write = { events?: WriteEvents } & (
  | { type: 'create'; kind: KindRef; object: KubeObject }
  /** `object` carries the resourceVersion that was read, so that a change in between is a conflict. */
  | { type: 'update'; kind: KindRef; object: KubeObject; subresource?: string }
  | {
      type: 'patch';
      kind: KindRef;
      object: KubeObject;
      patch: unknown;
      patchType?: PatchType;
      subresource?: string;
    }
  /** Deletes exactly the object that was read (by UID); one that is gone already is as good. */
  | { type: 'delete'; kind: KindRef; object: KubeObject; options?: DeleteOptions }
);

/** Writes that may happen at the same time. The next step starts when all have succeeded. */
export interface Step {
  writes: readonly Write[];
  /** In batches of 1, 2, 4 …, ending with the first batch that has a failure. Upstream: slowStartBatch. */
  slowStart?: boolean;
}

export interface Plan {
  steps: readonly Step[];
  events?: readonly EventSpec[];
}

export interface Outcome {
  /** What the writes that succeeded returned, in their order; deletes return the object that was deleted. */
  results: KubeObject[];
  /** The first failure; later steps were not started. */
  error?: Error;
}

export interface PlanContext {
  client: Client;
  event(spec: EventSpec): void;
}

const MAX_PARALLEL = 32;

/**
 * Carries out a plan: the only code of the controllers that writes. Failures are returned, so that a controller can
 * report them in the status before it throws them.
 */
export async function applyPlan(plan: Plan, context: PlanContext): Promise<Outcome> {
  const outcome: Outcome = { results: [] };
  for (const event of plan.events ?? []) context.event(event);
  for (const step of plan.steps) {
    await runStep(step, context, outcome);
    if (outcome.error) break;
  }
  return outcome;
}

/** Like `applyPlan`, throwing the failure. */
export async function applyOrThrow(plan: Plan, context: PlanContext): Promise<KubeObject[]> {
  const { results, error } = await applyPlan(plan, context);
  if (error) throw error;
  return results;
}

async function runStep(step: Step, context: PlanContext, outcome: Outcome): Promise<void> {
  let size = step.slowStart ? 1 : MAX_PARALLEL;
  for (let start = 0; start < step.writes.length && !outcome.error; ) {
    const batch = step.writes.slice(start, start + size);
    const settled = await Promise.allSettled(batch.map((write) => runWrite(write, context)));
    for (const result of settled) {
      if (result.status === 'rejected') outcome.error ??= result.reason as Error;
      else if (result.value) outcome.results.push(result.value);
    }
    start += batch.length;
    if (step.slowStart) size = Math.min(size * 2, MAX_PARALLEL);
  }
}

async function runWrite(write: Write, context: PlanContext): Promise<KubeObject | undefined> {
  try {
    const result = await send(write, context.client);
    if (result && write.events?.succeeded) context.event(write.events.succeeded(result));
    return result;
  } catch (error) {
    if (isNamespaceTerminating(error)) return undefined;
    const failure = error instanceof Error ? error : new Error(String(error));
    if (write.events?.failed) context.event(write.events.failed(failure));
    throw failure;
  }
}

async function send(write: Write, client: Client): Promise<KubeObject | undefined> {
  const { kind, object } = write;
  const key = { namespace: object.metadata.namespace, name: object.metadata.name ?? '' };
  switch (write.type) {
    case 'create':
      return client.create(kind, object);
    case 'update':
      return client.update(kind, object, { subresource: write.subresource });
    case 'patch':
      return client.patch(kind, key, write.patch, { type: write.patchType, subresource: write.subresource });
    case 'delete':
      try {
        await client.delete(kind, key, { preconditions: { uid: object.metadata.uid }, ...write.options });
        return object;
      } catch (error) {
        if (isGone(error)) return undefined;
        throw error;
      }
  }
}

/** The object is absent, or another one has its name: a delete of the one that was read has nothing to do. */
function isGone(error: unknown): boolean {
  return error instanceof StatusError && error.code === 404;
}

/** Nothing can be created in a namespace that is going away, and nothing need be. */
function isNamespaceTerminating(error: unknown): boolean {
  return (
    error instanceof StatusError &&
    error.status.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating') === true
  );
}

/** For `catch`: the object that was to be created is there, put by somebody else. Throws anything else again. */
export function isAlreadyThere(error: unknown): undefined {
  if (error instanceof StatusError && error.reason === 'AlreadyExists') return undefined;
  throw error;
}
