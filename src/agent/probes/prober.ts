/**
 * Runs the probes of one container's current run against thresholds. Upstream: pkg/kubelet/prober/worker.go.
 * The startup probe goes first; liveness and readiness wait for it.
 */
import type { Clock } from '../../base/clock.ts';
import type { Container, Probe } from '../../kinds/index.ts';
import type { ProbeResult } from './contract.ts';

export type ProbeType = 'startup' | 'liveness' | 'readiness';

export interface ProbeOutcome {
  type: ProbeType;
  probe: Probe;
  result: ProbeResult;
}

export interface ProberOptions {
  container: Container;
  /** Milliseconds since the epoch. */
  startedAt: number;
  clock: Clock;
  /** What the API last said of this very run, so that a restarted agent does not take a ready pod out. */
  wasReady: boolean;
  wasStarted: boolean;
  probe(type: ProbeType, probe: Probe): Promise<ProbeResult>;
  /** Started, ready or failed changed. */
  onChange(): void;
  /** A single probe failed, warned or could not run. */
  onTrouble(outcome: ProbeOutcome): void;
}

interface Run {
  type: ProbeType;
  probe: Probe;
  /** Outcomes of the same kind in a row. */
  streak: number;
  last: 'success' | 'failure' | undefined;
  passed: boolean;
  cancel: () => void;
}

/** A probe that cannot run is tried this often before it counts as unknown. Upstream: maxProbeRetries. */
const ATTEMPTS = 3;

export class Prober {
  readonly #options: ProberOptions;
  readonly #runs: Run[] = [];
  #failed: ProbeType | undefined;
  #killing = true;
  #stopped = false;

  constructor(options: ProberOptions) {
    this.#options = options;
    const { startupProbe, livenessProbe, readinessProbe } = options.container;
    if (startupProbe && options.wasStarted) this.#add('startup', startupProbe, true);
    else if (startupProbe) this.#schedule(this.#add('startup', startupProbe, false), true);
    if (livenessProbe) this.#add('liveness', livenessProbe, true);
    if (readinessProbe) this.#add('readiness', readinessProbe, options.wasReady);
    if (this.started) this.#startOthers();
  }

  #add(type: ProbeType, probe: Probe, passed: boolean): Run {
    const run: Run = { type, probe, streak: 0, last: undefined, passed, cancel: () => {} };
    this.#runs.push(run);
    return run;
  }

  #of(type: ProbeType): Run | undefined {
    return this.#runs.find((run) => run.type === type);
  }

  get started(): boolean {
    return this.#of('startup')?.passed ?? true;
  }

  get ready(): boolean {
    return this.started && (this.#of('readiness')?.passed ?? true);
  }

  /** The probe for whose sake the container must be replaced. */
  get failed(): ProbeType | undefined {
    return this.#failed;
  }

  /** Liveness and startup probes of a pod that ends do not matter any more. */
  stopKilling(): void {
    this.#killing = false;
    this.#failed = undefined;
    for (const run of this.#runs) if (run.type !== 'readiness') run.cancel();
  }

  stop(): void {
    this.#stopped = true;
    for (const run of this.#runs) run.cancel();
  }

  #startOthers(): void {
    for (const run of this.#runs) if (run.type !== 'startup') this.#schedule(run, true);
  }

  #schedule(run: Run, first: boolean): void {
    const { clock, startedAt } = this.#options;
    const age = clock.now() - startedAt;
    const delay = first
      ? Math.max(0, (run.probe.initialDelaySeconds ?? 0) * 1000 - age)
      : (run.probe.periodSeconds || 10) * 1000;
    run.cancel = clock.after(delay, () => void this.#once(run));
  }

  async #once(run: Run): Promise<void> {
    let result: ProbeResult = { outcome: 'unknown', output: '' };
    for (let attempt = 0; attempt < ATTEMPTS && result.outcome === 'unknown' && !this.#stopped; attempt++) {
      result = await this.#options.probe(run.type, run.probe);
    }
    if (this.#stopped || (!this.#killing && run.type !== 'readiness')) return;
    if (result.outcome !== 'success') this.#options.onTrouble({ type: run.type, probe: run.probe, result });
    if (result.outcome !== 'unknown') this.#count(run, result.outcome === 'failure' ? 'failure' : 'success');
    if (this.#stopped || this.#failed !== undefined) return;
    if (run.type === 'startup' && run.passed) return;
    this.#schedule(run, false);
  }

  #count(run: Run, outcome: 'success' | 'failure'): void {
    run.streak = run.last === outcome ? run.streak + 1 : 1;
    run.last = outcome;
    const { successThreshold, failureThreshold } = run.probe;
    const threshold = outcome === 'success' ? successThreshold || 1 : failureThreshold || 3;
    if (run.streak < threshold) return;
    if (outcome === 'success') {
      if (run.passed) return;
      run.passed = true;
      if (run.type === 'startup') this.#startOthers();
    } else if (run.type === 'readiness') {
      if (!run.passed) return;
      run.passed = false;
    } else {
      this.#failed = run.type;
      for (const other of this.#runs) if (other.type !== 'readiness') other.cancel();
    }
    this.#options.onChange();
  }
}
