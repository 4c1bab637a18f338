/**
 * One pod from its arrival on the node to its end. Everything is level-triggered: a change of the pod, an event of the
 * runtime, a probe or a timer wakes the worker; it looks at what is there and does what is missing, one round at a time.
 */
import type { Container, Pod, PodStatus } from '../../kinds/index.ts';
import { messageOf } from '../log.ts';
import { isRuntimeError } from '../runtime/contract.ts';
import { fieldOf } from './container-role.ts';
import type { PodContext } from './context.ts';
import { killContainer } from './kill-container.ts';
import { formatPod } from './labels.ts';
import { emptyObserved, type Observed, type ObservedContainer, PodObserver } from './observed.ts';
import { type Plan, planPod } from './plan.ts';
import { PodProbes } from './pod-probes.ts';
import { PodStarts } from './pod-starts.ts';
import { podStatus } from './pod-status.ts';
import { collectOldRuns, removePodRemains, stopPod } from './pod-teardown.ts';
import { activeDeadline, graceSeconds } from './pod-times.ts';
import { podViews } from './pod-views.ts';
import { PodVolumes, tellsOtherwise } from './pod-volumes.ts';
import { PodResizer } from './resize.ts';
import { sandboxConfig } from './sandbox-config.ts';
import { TerminationMessages } from './termination-message.ts';
import { refusalOf } from './unsupported.ts';

export interface PodWorkerOptions {
  context: PodContext;
  pod: Pod;
  /** The pod left no trace on the node. */
  onGone(uid: string): void;
}

type Failure = { reason: string; message: string };

const MIN_RETRY = 500;
const MAX_RETRY = 30_000;
const TERMINAL = new Set(['Succeeded', 'Failed']);

export class PodWorker {
  readonly uid: string;
  readonly #context: PodContext;
  readonly #onGone: (uid: string) => void;
  readonly #observer: PodObserver;
  readonly #volumes: PodVolumes;
  readonly #probes: PodProbes;
  readonly #messages = new TerminationMessages();
  readonly #starts: PodStarts;
  readonly #resizer: PodResizer;
  #pod: Pod;
  #observed: Observed = emptyObserved;
  #status: PodStatus | undefined;
  #failure: Failure | undefined;
  #work = new AbortController();
  /** Cuts hooks short when the grace period shrinks. */
  #hurry = new AbortController();
  #underWay: Promise<void> | undefined;
  #again = false;
  #failures = 0;
  #volumesRetryAt: number | undefined;
  #cancelTimer: () => void = () => {};
  #ending = false;
  #tornDown = false;
  #gone = false;
  /** The API has no such pod any more. */
  #forgotten = false;

  constructor({ context, pod, onGone }: PodWorkerOptions) {
    this.#context = context;
    this.#pod = pod;
    this.#onGone = onGone;
    this.uid = pod.metadata.uid ?? '';
    this.#observer = new PodObserver(context.runtime, this.uid);
    this.#volumes = new PodVolumes(context, this.uid, () => this.refreshVolumes());
    this.#starts = new PodStarts(context, this.uid);
    this.#resizer = new PodResizer(context.runtime);
    this.#probes = new PodProbes(context, () => this.wake());
    this.#status = pod.status?.startTime ? pod.status : undefined;
  }

  get pod(): Pod {
    return this.#pod;
  }

  get status(): PodStatus | undefined {
    return this.#status;
  }

  get sandboxId(): string | undefined {
    return this.#observed.sandbox?.state === 'ready' ? this.#observed.sandbox.id : undefined;
  }

  /** The newest run of each container, by name. */
  containerRun(name: string, previous = false): ObservedContainer | undefined {
    return this.#observed.containers.get(name)?.[previous ? 1 : 0];
  }

  /** A newer state of the pod from the API. */
  update(pod: Pod): void {
    const before = graceSeconds(this.#pod, this.#forgotten);
    if (tellsOtherwise(this.#pod, pod)) this.#volumes.markStale();
    this.#pod = pod;
    if (this.#isEnding() && this.#ending && graceSeconds(this.#pod, this.#forgotten) < before) this.#shorten();
    this.wake();
  }

  /** Nothing of it runs, or soon will not. */
  get isOver(): boolean {
    return this.#isEnding() || this.#isTerminal();
  }

  /** Ends the pod at once, for the sake of the node. Upstream: eviction with the reason Evicted. */
  evict(message: string): void {
    this.#failure = { reason: 'Evicted', message };
    this.#context.events.pod(this.#pod, 'Warning', 'Evicted', message);
    this.wake();
  }

  /** The pod is gone from the API: what is left of it goes too. */
  forget(): void {
    this.#forgotten = true;
    if (this.#ending) this.#shorten();
    this.wake();
  }

  refreshVolumes(): void {
    this.#volumes.markStale();
    this.wake();
  }

  /** Writes the status anew, as after the API was away. */
  resend(): void {
    if (this.#status !== undefined) this.#context.status.write(this.#pod, this.#status);
  }

  wake(): void {
    this.#again = true;
    if (this.#isEnding() && !this.#ending) this.#work.abort(new Error('the pod is being deleted'));
    if (!this.#underWay && !this.#gone) this.#underWay = this.#loop();
  }

  /** Ends the worker without touching the pod; resolves when nothing is under way any more. */
  async detach(): Promise<void> {
    this.#gone = true;
    this.#cancelTimer();
    this.#work.abort(new Error('the agent ends'));
    this.#probes.stop();
    this.#volumes.stopFollowing();
    await this.#underWay;
  }

  async #loop(): Promise<void> {
    while (this.#again && !this.#gone) {
      this.#again = false;
      this.#cancelTimer();
      try {
        await (this.#isEnding() ? this.#end() : this.#sync());
        this.#failures = 0;
        this.#plan(this.#nextDue());
      } catch (error) {
        if (this.#gone || (this.#work.signal.aborted && this.#isEnding() && !this.#ending)) continue;
        const wait = Math.min(MAX_RETRY, MIN_RETRY * 2 ** this.#failures++);
        this.#context.log('warn', 'pod is tried again', { pod: formatPod(this.#pod), error: messageOf(error), wait });
        this.#plan(this.#context.clock.now() + wait);
      }
    }
    this.#underWay = undefined;
  }

  #plan(at: number | undefined): void {
    if (at === undefined || this.#gone) return;
    this.#cancelTimer = this.#context.clock.after(Math.max(0, at - this.#context.clock.now()), () => this.wake());
  }

  #nextDue(): number | undefined {
    if (this.#isEnding() || this.#tornDown) return undefined;
    const times = [...this.#starts.retryTimes];
    if (this.#volumesRetryAt !== undefined) times.push(this.#volumesRetryAt);
    if (this.#volumes.dueAt !== undefined) times.push(this.#volumes.dueAt);
    const deadline = activeDeadline(this.#pod, this.#status);
    if (deadline !== undefined) times.push(deadline);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #isEnding(): boolean {
    return this.#forgotten || this.#pod.metadata.deletionTimestamp !== undefined;
  }

  #isTerminal(): boolean {
    return (
      this.#failure !== undefined ||
      TERMINAL.has(this.#status?.phase ?? '') ||
      TERMINAL.has(this.#pod.status?.phase ?? '')
    );
  }

  async #sync(): Promise<void> {
    this.#observed = await this.#observer.observe();
    if (this.#isTerminal()) return this.#tearDown();
    const refusal =
      this.#status === undefined || this.#observed.sandboxes.length === 0 ? refusalOf(this.#pod) : undefined;
    if (refusal !== undefined) return this.#refuse(refusal);
    const deadline = activeDeadline(this.#pod, this.#status);
    if (deadline !== undefined && deadline <= this.#context.clock.now()) {
      const message = 'Pod was active on the node longer than the specified deadline';
      this.#context.events.pod(this.#pod, 'Normal', 'DeadlineExceeded', message);
      this.#failure = { reason: 'DeadlineExceeded', message };
      return this.#tearDown();
    }
    this.#probes.sync(this.#pod, this.#observed);
    await this.#resizer.apply(this.#pod, this.#observed, this.#context.node().memoryCapacity);
    const plan = planPod(this.#planInput());
    this.#report(plan.finished);
    if (plan.finished) return this.#tearDown();
    const acted = await this.#act(plan);
    if (!acted) return;
    this.#observed = await this.#observer.observe();
    this.#probes.sync(this.#pod, this.#observed);
    this.#report(false);
    this.#again = true;
    await collectOldRuns(this.#context.runtime, this.#observed);
  }

  #planInput() {
    return {
      pod: this.#pod,
      observed: this.#observed,
      isStarted: (_container: Container, run: ObservedContainer) => this.#probes.isStarted(run),
      unhealthy: (container: Container, run: ObservedContainer) =>
        this.#probes.verdict(container, run) ??
        this.#resizer.verdict(this.#pod, container, run, this.#context.node().memoryCapacity),
    };
  }

  #refuse(refusal: Failure): void {
    this.#failure = refusal;
    this.#context.events.pod(this.#pod, 'Warning', refusal.reason, refusal.message);
    this.#tornDown = true;
    this.#report(true);
  }

  /** Answers whether anything was done that changes what the runtime shows. */
  async #act(plan: Plan): Promise<boolean> {
    if (plan.newSandbox === undefined && !this.#volumesDue() && plan.kill.length === 0 && plan.start.length === 0)
      return false;
    await Promise.all(plan.kill.map((kill) => this.#replace(kill.container, kill.status, kill.message)));
    const [ready] = await Promise.all([
      this.#ensureVolumes(),
      plan.newSandbox === undefined ? undefined : this.#createSandbox(plan.newSandbox),
    ]);
    if (!ready) return plan.newSandbox !== undefined || plan.kill.length > 0;
    let start = plan.start;
    if (plan.newSandbox !== undefined) {
      this.#observed = await this.#observer.observe();
      this.#report(false);
      start = planPod(this.#planInput()).start;
    }
    let acted = plan.newSandbox !== undefined || plan.kill.length > 0;
    for (const which of start) {
      const attempt = {
        pod: this.#pod,
        observed: this.#observed,
        ...which,
        status: this.#status,
        podIPs: this.#podIPs(),
        volumes: this.#volumes.mounted,
        signal: this.#work.signal,
      };
      acted = (await this.#starts.start(attempt)) || acted;
    }
    return acted;
  }

  #volumesDue(): boolean {
    const due = this.#volumes.dueAt;
    return this.#context.real && (this.#volumes.isStale || (due !== undefined && due <= this.#context.clock.now()));
  }

  async #ensureVolumes(): Promise<boolean> {
    if (!this.#context.real) return true;
    const { failures, complete } = await this.#volumes.ensure(this.#pod);
    for (const { volume, message } of failures) {
      const text = `MountVolume.SetUp failed for volume "${volume}" : ${message}`;
      this.#context.events.pod(this.#pod, 'Warning', 'FailedMount', text);
    }
    this.#volumesRetryAt = complete ? undefined : this.#context.clock.now() + this.#volumes.retryIn(this.#pod);
    return complete;
  }

  async #createSandbox(attempt: number): Promise<void> {
    const { events, runtime } = this.#context;
    const old = this.#observed.sandboxes[0];
    if (old !== undefined) {
      events.pod(this.#pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
      await stopPod(this.#context, this.#endOptions('Stopping container'));
    }
    try {
      const config = await sandboxConfig(this.#pod, attempt, this.#context.node());
      await runtime.runPodSandbox(config, { signal: this.#work.signal });
    } catch (error) {
      if (!this.#work.signal.aborted && !isRuntimeError(error, 'Unavailable')) {
        events.pod(this.#pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${messageOf(error)}`);
      }
      throw error;
    }
  }

  #podIPs(): readonly string[] {
    return this.#pod.spec?.hostNetwork ? this.#context.node().hostIPs : (this.#observed.sandbox?.ips ?? []);
  }

  async #replace(container: Container, status: ObservedContainer, message: string): Promise<void> {
    const grace = this.#probes.graceOf(container, status) ?? this.#pod.spec?.terminationGracePeriodSeconds ?? 30;
    const podIP = this.#podIPs()[0] ?? '';
    const role = (this.#pod.spec?.initContainers ?? []).includes(container) ? 'init' : 'main';
    const field = fieldOf({ container, role });
    const signal = this.#work.signal;
    await killContainer(this.#context, { pod: this.#pod, container, status, message, grace, field, podIP, signal });
  }

  #endOptions(message: string) {
    const { signal } = this.#hurry;
    return {
      pod: this.#pod,
      observed: this.#observed,
      grace: graceSeconds(this.#pod, this.#forgotten || this.#failure?.reason === 'Evicted'),
      podIP: this.#podIPs()[0] ?? '',
      message,
      signal,
    };
  }

  /** The grace period shrank while containers were being stopped. */
  #shorten(): void {
    this.#hurry.abort(new Error('the grace period was shortened'));
    const grace = graceSeconds(this.#pod, this.#forgotten);
    for (const [run] of this.#observed.containers.values()) {
      if (run?.state === 'running') void this.#context.runtime.stopContainer(run.id, grace).catch(() => {});
    }
  }

  /** The pod came to its end by itself: containers stay for their logs until it is deleted. */
  async #tearDown(): Promise<void> {
    if (this.#tornDown) {
      this.#report(true);
      return;
    }
    this.#report(this.#failure === undefined);
    await stopPod(this.#context, this.#endOptions('Stopping container'));
    this.#probes.stop();
    this.#observed = await this.#observer.observe();
    this.#report(true);
    this.#volumes.stopFollowing();
    this.#tornDown = true;
  }

  /** The pod is deleted: stop it, tell how it ended, let the API forget it, remove what is left. */
  async #end(): Promise<void> {
    this.#ending = true;
    this.#probes.stopKilling();
    this.#observed = await this.#observer.observe();
    if (!this.#forgotten) this.#report(false);
    await stopPod(this.#context, this.#endOptions('Stopping container'));
    this.#probes.stop();
    this.#observed = await this.#observer.observe();
    const status = this.#report(true);
    if (!this.#forgotten) await this.#context.status.finish(this.#pod, status);
    await removePodRemains(this.#context, this.#pod, this.#observed);
    this.#context.saved?.forget(this.uid);
    await this.#volumes.tearDown();
    this.#context.images.forget(this.uid);
    this.#context.restartBackoff.forget(`${this.uid}/`);
    this.#context.status.forget(this.uid);
    this.#gone = true;
    this.#onGone(this.uid);
  }

  #report(finished: boolean): PodStatus {
    const { clock, runtime } = this.#context;
    const status = podStatus({
      pod: this.#pod,
      observed: this.#observed,
      now: clock.now(),
      hostIPs: this.#context.node().hostIPs,
      views: podViews({
        pod: this.#pod,
        observed: this.#observed,
        probes: this.#probes,
        waitingOf: (name) => this.#starts.waitingOf(name),
        ended: this.#isTerminal() || this.#isEnding(),
      }),
      facts: { pod: this.#pod, runtimeName: runtime.name, terminationMessage: (run) => this.#messages.of(run) },
      failure: this.#failure,
      finished,
      previous: this.#status,
    });
    this.#status = status;
    if (!this.#forgotten) this.#context.status.write(this.#pod, status);
    return status;
  }
}
