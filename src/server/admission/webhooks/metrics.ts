/** Calls of webhooks in numbers, under upstream's names. Upstream: apiserver/pkg/admission/metrics/metrics.go. */

export interface WebhookMetrics {
  called(call: MeasuredCall): void;
  /** Prometheus text; empty before the first call. */
  render(): string;
}

export type WebhookType = 'admit' | 'validating';

export interface MeasuredCall {
  name: string;
  type: WebhookType;
  operation: string;
  seconds: number;
  /** HTTP status, 0 where the fault is the server's own. */
  code: number;
  rejected?: 'no_error' | 'calling_webhook_error' | 'apiserver_internal_error';
  failedOpen?: boolean;
}

const PREFIX = 'apiserver_admission_webhook_';
const BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25];
const MAX_CODE = 600;
/** Further series are not opened. */
const MAX_SERIES = 2_000;

interface Histogram {
  buckets: number[];
  sum: number;
  count: number;
}

export function createWebhookMetrics(): WebhookMetrics {
  const durations = new Map<string, Histogram>();
  const requests = new Map<string, number>();
  const rejections = new Map<string, number>();
  const failOpens = new Map<string, number>();
  return {
    called({ name, type, operation, seconds, code, rejected, failedOpen }) {
      const whose = `name=${JSON.stringify(name)}`;
      const what = `operation="${operation}"`;
      const outcome = `rejected="${rejected !== undefined}"`;
      const status = Math.min(code, MAX_CODE);
      observe(durations, `${whose},${what},${outcome},type="${type}"`, seconds);
      add(requests, `code="${status}",${whose},${what},${outcome},type="${type}"`);
      if (rejected)
        add(rejections, `error_type="${rejected}",${whose},${what},rejection_code="${status}",type="${type}"`);
      if (failedOpen) add(failOpens, `${whose},type="${type}"`);
    },
    render() {
      if (durations.size === 0) return '';
      const lines = [
        ...histogramLines(durations),
        ...counterLines('fail_open_count', 'Admission webhook fail open count.', failOpens),
        ...counterLines('rejection_count', 'Admission webhook rejection count.', rejections),
        ...counterLines('request_total', 'Admission webhook request total.', requests),
      ];
      return `${lines.join('\n')}\n`;
    },
  };
}

function observe(durations: Map<string, Histogram>, labels: string, seconds: number): void {
  let histogram = durations.get(labels);
  if (!histogram) {
    if (durations.size >= MAX_SERIES) return;
    histogram = { buckets: new Array(BUCKETS.length).fill(0), sum: 0, count: 0 };
    durations.set(labels, histogram);
  }
  histogram.count++;
  histogram.sum += seconds;
  for (let i = BUCKETS.length - 1; i >= 0 && seconds <= BUCKETS[i]!; i--) histogram.buckets[i]!++;
}

function add(series: Map<string, number>, labels: string): void {
  const value = series.get(labels);
  if (value !== undefined || series.size < MAX_SERIES) series.set(labels, (value ?? 0) + 1);
}

const header = (name: string, type: string, help: string): string[] => [
  `# HELP ${PREFIX}${name} ${help}`,
  `# TYPE ${PREFIX}${name} ${type}`,
];

const counterLines = (name: string, help: string, series: ReadonlyMap<string, number>): string[] => [
  ...header(name, 'counter', help),
  ...[...series].map(([labels, value]) => `${PREFIX}${name}{${labels}} ${value}`),
];

function histogramLines(durations: ReadonlyMap<string, Histogram>): string[] {
  const name = 'admission_duration_seconds';
  return [
    ...header(name, 'histogram', 'Admission webhook latency histogram in seconds.'),
    ...[...durations].flatMap(([labels, { buckets, sum, count }]) => [
      ...buckets.map((value, i) => `${PREFIX}${name}_bucket{${labels},le="${BUCKETS[i]}"} ${value}`),
      `${PREFIX}${name}_bucket{${labels},le="+Inf"} ${count}`,
      `${PREFIX}${name}_sum{${labels}} ${sum}`,
      `${PREFIX}${name}_count{${labels}} ${count}`,
    ]),
  ];
}
