/**
 * Counters of this isolate in the Prometheus text format, under upstream's names. Isolates come and go, so every
 * series starts at zero whenever one does, as counters may. Upstream: endpoints/metrics/metrics.go.
 */
import { createWebhookMetrics, type WebhookMetrics } from './admission/webhooks/metrics.ts';
import { type AuditMetrics, createAuditMetrics } from './audit/metrics.ts';
import { createFlowMetrics, type FlowMetrics } from './flow/metrics.ts';
import type { RequestInfo } from './request-info.ts';

/** What is counted of a request. */
export interface MeasuredRequest {
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
}

/** Upper bounds in seconds. */
const BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

interface Histogram {
  buckets: number[];
  sum: number;
  count: number;
}

export interface Metrics {
  /** Counts a request in; call the result when it is answered (for a watch: when the stream ended). */
  start(scope: MeasuredRequest): { done(code: number, seconds: number): void };
  readonly flow: FlowMetrics;
  readonly audit: AuditMetrics;
  readonly webhooks: WebhookMetrics;
  /** The Prometheus text, without what is counted elsewhere. */
  render(): string;
}

const READ_ONLY = new Set(['get', 'list', 'watch']);
const LONG_RUNNING_SUBRESOURCES = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

/** Whether a request may run for ever and is left out of the duration and in-flight limits. */
export function isLongRunning(scope: MeasuredRequest): boolean {
  return scope.info.verb === 'watch' || LONG_RUNNING_SUBRESOURCES.has(scope.info.subresource);
}

/** The labels of requests that are alike, made once: the same text is found in a map without being hashed again. */
interface Labels extends Pick<RequestInfo, 'verb' | 'group' | 'version' | 'subresource'> {
  reach: string;
  dryRun: boolean;
  text: string;
  /** With the code of the answer. */
  byCode: Map<number, string>;
}

const MAX_LABELS_PER_RESOURCE = 200;

/** Labels by resource. */
type LabelIndex = Map<string, Labels[]>;

function labelsOf({ info, query }: MeasuredRequest, index: LabelIndex): Labels {
  const { verb, group, version, subresource } = info;
  const reach = !info.isResource ? '' : info.named ? 'resource' : info.namespace !== '' ? 'namespace' : 'cluster';
  const dryRun = query.has('dryRun');
  let known = index.get(info.resource);
  const found = known?.find(
    (labels) =>
      labels.verb === verb &&
      labels.reach === reach &&
      labels.subresource === subresource &&
      labels.version === version &&
      labels.group === group &&
      labels.dryRun === dryRun,
  );
  if (found) return found;
  const text =
    `component="apiserver",dry_run="${dryRun ? 'All' : ''}",group="${escapeLabel(group)}",` +
    `resource="${escapeLabel(info.resource)}",scope="${reach}",subresource="${escapeLabel(subresource)}",` +
    `verb="${verb.toUpperCase()}",version="${escapeLabel(version)}"`;
  const labels = { verb, group, version, subresource, reach, dryRun, text, byCode: new Map<number, string>() };
  if (!known && index.size < MAX_SERIES) {
    known = [];
    index.set(info.resource, known);
  }
  if (known && known.length < MAX_LABELS_PER_RESOURCE) known.push(labels);
  return labels;
}

function withCode(labels: Labels, code: number): string {
  let text = labels.byCode.get(code);
  if (text === undefined) {
    text = `code="${code}",${labels.text}`;
    labels.byCode.set(code, text);
  }
  return text;
}

const escapeLabel = (text: string): string =>
  /["\\\n]/.test(text) ? text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n') : text;

/** Series beyond this many labels are not opened, so that made-up paths cannot fill the memory. */
const MAX_SERIES = 2_000;

/** Metrics of one server. */
export function createMetrics(): Metrics {
  const totals = new Map<string, number>();
  const durations = new Map<string, Histogram>();
  const longRunning = new Map<string, number>();
  const inflight = { mutating: 0, readOnly: 0 };
  const index: LabelIndex = new Map();

  const observe = (labels: string, seconds: number): void => {
    let histogram = durations.get(labels);
    if (!histogram) {
      if (durations.size >= MAX_SERIES) return;
      histogram = { buckets: new Array(BUCKETS.length).fill(0), sum: 0, count: 0 };
      durations.set(labels, histogram);
    }
    histogram.count++;
    histogram.sum += seconds;
    for (let i = BUCKETS.length - 1; i >= 0 && seconds <= BUCKETS[i]!; i--) histogram.buckets[i]!++;
  };

  return {
    start(scope) {
      const labels = labelsOf(scope, index);
      const long = isLongRunning(scope);
      const lane = READ_ONLY.has(scope.info.verb) ? 'readOnly' : 'mutating';
      if (long) add(longRunning, labels.text, 1);
      else inflight[lane]++;
      return {
        done(code, seconds) {
          if (long) add(longRunning, labels.text, -1);
          else {
            inflight[lane]--;
            observe(labels.text, seconds);
          }
          add(totals, withCode(labels, code), 1);
        },
      };
    },
    flow: createFlowMetrics(),
    audit: createAuditMetrics(),
    webhooks: createWebhookMetrics(),
    render: () => render({ totals, durations, longRunning, inflight }),
  };
}

function add(series: Map<string, number>, labels: string, by: number): void {
  const value = series.get(labels);
  if (value === undefined && series.size >= MAX_SERIES) return;
  series.set(labels, (value ?? 0) + by);
}

interface State {
  totals: Map<string, number>;
  durations: Map<string, Histogram>;
  longRunning: Map<string, number>;
  inflight: { mutating: number; readOnly: number };
}

function render(state: State): string {
  const lines: string[] = [];
  const series = (name: string, type: string, help: string, values: Iterable<[string, number]>): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of values) lines.push(`${name}{${labels}} ${value}`);
  };
  series('apiserver_request_total', 'counter', 'Counter of apiserver requests.', state.totals);
  lines.push(
    '# HELP apiserver_request_duration_seconds Response latency distribution in seconds.',
    '# TYPE apiserver_request_duration_seconds histogram',
  );
  for (const [labels, histogram] of state.durations) renderHistogram(lines, labels, histogram);
  series('apiserver_current_inflight_requests', 'gauge', 'Requests being answered, by kind.', [
    ['request_kind="mutating"', state.inflight.mutating],
    ['request_kind="readOnly"', state.inflight.readOnly],
  ]);
  series('apiserver_longrunning_requests', 'gauge', 'Active long-running requests.', state.longRunning);
  return `${lines.join('\n')}\n`;
}

function renderHistogram(lines: string[], labels: string, histogram: Histogram): void {
  const name = 'apiserver_request_duration_seconds';
  for (const [i, bound] of BUCKETS.entries())
    lines.push(`${name}_bucket{${labels},le="${bound}"} ${histogram.buckets[i]}`);
  lines.push(`${name}_bucket{${labels},le="+Inf"} ${histogram.count}`);
  lines.push(`${name}_sum{${labels}} ${histogram.sum}`, `${name}_count{${labels}} ${histogram.count}`);
}
