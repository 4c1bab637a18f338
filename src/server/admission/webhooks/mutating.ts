/** Asks mutating webhooks one after the other. Upstream: plugin/webhook/mutating/dispatcher.go. */
import { internalError, StatusError } from '../../../machinery/status.ts';
import type { AdmissionContext, AdmissionRequest, Reinvocation } from '../../contract.ts';
import type { VersionedRequest } from '../expressions/index.ts';
import { applyPatch } from './apply-patch.ts';
import { CallFailure, callFailureText } from './call-failure.ts';
import { callWebhook } from './call-webhook.ts';
import type { HookCandidate } from './hook-set.ts';
import { measured } from './measured.ts';
import { shouldCall } from './should-call.ts';
import { inForm } from './validating.ts';

const PLUGIN = 'MutatingAdmissionWebhook';
/** All webhooks of a request together may take this long. Upstream: handlers requestTimeoutUpperBound. */
const REQUEST_MS = 34_000;

/** What is kept between the two runs. Upstream: mutating/reinvocationcontext.go. */
class Memory {
  /** When the request is given up, in milliseconds since the epoch. */
  readonly deadline: number;
  /** The object, as JSON, as the webhooks left it. */
  #output: string | undefined;
  #invoked = new Set<string>();
  readonly #due = new Set<string>();

  constructor(deadline: number) {
    this.deadline = deadline;
  }

  isDue(id: string): boolean {
    return this.#due.has(id);
  }

  /** Asked for reinvocation, should a later change make it worth while. */
  add(id: string): void {
    this.#invoked.add(id);
  }

  /** The object changed: those that were asked before it are asked again. */
  require(): void {
    for (const id of this.#invoked) this.#due.add(id);
    this.#invoked = new Set();
  }

  /** Others changed the object since. */
  compare(request: AdmissionRequest): void {
    if (this.#output !== undefined && this.#output !== JSON.stringify(request.object)) this.require();
  }

  keep(request: AdmissionRequest): void {
    if (this.#invoked.size > 0) this.#output = JSON.stringify(request.object);
  }
}

function memoryOf(reinvocation: Reinvocation | undefined, now: number): Memory {
  const known = reinvocation?.values.get(PLUGIN) as Memory | undefined;
  if (known) return known;
  const memory = new Memory(now + REQUEST_MS);
  reinvocation?.values.set(PLUGIN, memory);
  return memory;
}

const timedOut = (): StatusError =>
  new StatusError(504, 'Timeout', 'Timeout: request did not complete within requested timeout', {});

/** Changes `request.object` as the webhooks say. Throws what one of them refuses with. */
export async function mutateByWebhooks(
  candidates: readonly HookCandidate[],
  request: AdmissionRequest,
  context: AdmissionContext,
): Promise<void> {
  const { reinvocation } = context;
  const memory = memoryOf(reinvocation, context.clock.now());
  if (reinvocation?.isReinvoke) memory.compare(request);
  try {
    for (const candidate of candidates) {
      let versioned: VersionedRequest | undefined;
      const inItsForm = async (): Promise<VersionedRequest> => {
        versioned ??= await inForm(request, candidate.form, context);
        return versioned;
      };
      if (!(await shouldCall(candidate, { request, context, versioned: inItsForm }))) continue;
      // A webhook that the first run passed over is not asked in the second.
      if (reinvocation?.isReinvoke && !memory.isDue(candidate.hook.id)) continue;
      await callOne(candidate, await inItsForm(), { context, memory });
    }
  } finally {
    memory.keep(request);
  }
}

async function callOne(
  { hook }: HookCandidate,
  versioned: VersionedRequest,
  { context, memory }: { context: AdmissionContext; memory: Memory },
): Promise<void> {
  const { request } = versioned;
  const { webhook, configuration, index, id } = hook;
  const { name, failurePolicy, reinvocationPolicy } = webhook;
  const place = `round_${context.reinvocation?.isReinvoke ? 1 : 0}_index_${index}`;
  const annotate = (prefix: string, value: object, level?: 'Request'): void =>
    request.annotate?.(`${prefix}.webhook.admission.k8s.io/${place}`, JSON.stringify(value), level);
  let mutated = false;
  try {
    const patched = await measured({ hook, request, context, type: 'admit' }, async () => {
      const verdict = await callWebhook(hook, versioned, { context, mutating: true, deadline: memory.deadline });
      return applyPatch(verdict, versioned, { webhook: name, context });
    });
    mutated = patched.changed;
    if (patched.patch)
      annotate('patch', { configuration, webhook: name, patch: patched.patch, patchType: 'JSONPatch' }, 'Request');
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    if (failurePolicy !== 'Ignore') throw internalError(callFailureText(name, error));
    if (context.clock.now() >= memory.deadline) throw timedOut();
    request.annotate?.(`failed-open.mutation.webhook.admission.k8s.io/${place}`, name);
  } finally {
    annotate('mutation', { configuration, webhook: name, mutated });
  }
  if (mutated) {
    memory.require();
    if (context.reinvocation) context.reinvocation.shouldReinvoke = true;
  }
  if (reinvocationPolicy === 'IfNeeded') memory.add(id);
}
