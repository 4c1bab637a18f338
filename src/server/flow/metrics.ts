/** Flow control in numbers, under upstream's names. Upstream: util/flowcontrol/metrics. */

export interface FlowMetrics {
  dispatched(level: string, schema: string, seats: number): void;
  finished(level: string, schema: string, run: { seats: number; seconds: number }): void;
  rejected(level: string, schema: string, reason: string): void;
  queued(level: string, schema: string, by: 1 | -1): void;
  waited(level: string, schema: string, wait: { execute: boolean; seconds: number }): void;
  render(state: { fair: number; levels: readonly LevelGauges[] }): string;
}

/** What stands of a priority level at the moment, in seats. */
export interface LevelGauges {
  name: string;
  nominal: number;
  min: number;
  max: number;
  current: number;
  demand: { average: number; deviation: number; highWatermark: number; smoothed: number };
}

const WAIT_BUCKETS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const EXECUTION_BUCKETS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60];

interface Histogram {
  buckets: number[];
  sum: number;
  count: number;
}

/** What is counted of one schema at one level. */
interface Flow {
  dispatched: number;
  executing: number;
  seats: number;
  queued: number;
  rejected: Map<string, number>;
  execution: Histogram;
  waits: Map<string, Histogram>;
}

export function createFlowMetrics(): FlowMetrics {
  const flows = new Map<string, Map<string, Flow>>();
  const flowOf = (level: string, schema: string): Flow => {
    const schemas = flows.get(level) ?? new Map<string, Flow>();
    const flow = schemas.get(schema) ?? newFlow();
    if (!schemas.has(schema)) flows.set(level, schemas.set(schema, flow));
    return flow;
  };
  return {
    dispatched(level, schema, seats) {
      const flow = flowOf(level, schema);
      flow.dispatched++;
      flow.executing++;
      flow.seats += seats;
    },
    finished(level, schema, { seats, seconds }) {
      const flow = flowOf(level, schema);
      flow.executing--;
      flow.seats -= seats;
      observe(flow.execution, EXECUTION_BUCKETS, seconds);
    },
    rejected(level, schema, reason) {
      const { rejected } = flowOf(level, schema);
      rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
    },
    queued(level, schema, by) {
      flowOf(level, schema).queued += by;
    },
    waited(level, schema, { execute, seconds }) {
      const { waits } = flowOf(level, schema);
      const known = waits.get(String(execute)) ?? newHistogram(WAIT_BUCKETS);
      waits.set(String(execute), known);
      observe(known, WAIT_BUCKETS, seconds);
    },
    render: (state) => render(flows, state),
  };
}

const newHistogram = (buckets: readonly number[]): Histogram => ({ buckets: buckets.map(() => 0), sum: 0, count: 0 });

const newFlow = (): Flow => ({
  ...{ dispatched: 0, executing: 0, seats: 0, queued: 0, rejected: new Map(), waits: new Map() },
  execution: newHistogram(EXECUTION_BUCKETS),
});

function observe(histogram: Histogram, bounds: readonly number[], seconds: number): void {
  histogram.count++;
  histogram.sum += seconds;
  for (let i = bounds.length - 1; i >= 0 && seconds <= (bounds[i] as number); i--) (histogram.buckets[i] as number)++;
}

const PREFIX = 'apiserver_flowcontrol_';

function render(
  flows: ReadonlyMap<string, ReadonlyMap<string, Flow>>,
  { fair, levels }: { fair: number; levels: readonly LevelGauges[] },
): string {
  const lines: string[] = [];
  const all = [...flows].flatMap(([level, schemas]) =>
    [...schemas].map(([schema, flow]) => ({ flow, labels: `flow_schema="${schema}",priority_level="${level}"` })),
  );
  const family = (name: string, type: string, help: string, values: readonly (readonly [string, number])[]): void => {
    lines.push(`# HELP ${PREFIX}${name} ${help}`, `# TYPE ${PREFIX}${name} ${type}`);
    for (const [labels, value] of values) lines.push(`${PREFIX}${name}{${labels}} ${value}`);
  };
  const perFlow = (name: string, type: string, help: string, value: (flow: Flow) => number): void =>
    family(
      name,
      type,
      help,
      all.map(({ flow, labels }) => [labels, value(flow)] as const),
    );
  const perLevel = (name: string, help: string, value: (level: LevelGauges) => number): void =>
    family(
      name,
      'gauge',
      help,
      levels.map((level) => [`priority_level="${level.name}"`, value(level)] as const),
    );
  perFlow('dispatched_requests_total', 'counter', 'Number of requests executed.', (flow) => flow.dispatched);
  family('rejected_requests_total', 'counter', 'Number of requests rejected.', rejections(all));
  perFlow('current_executing_requests', 'gauge', 'Requests being executed.', (flow) => flow.executing);
  perFlow('current_executing_seats', 'gauge', 'Seats occupied by requests being executed.', (flow) => flow.seats);
  perFlow('current_inqueue_requests', 'gauge', 'Requests waiting in queues.', (flow) => flow.queued);
  perLevel('nominal_limit_seats', 'Nominal number of execution seats.', ({ nominal }) => nominal);
  perLevel('lower_limit_seats', 'Configured lower bound on execution seats.', ({ min }) => min);
  perLevel('upper_limit_seats', 'Configured upper bound on execution seats.', ({ max }) => max);
  perLevel('current_limit_seats', 'Execution seats available now.', ({ current }) => current);
  perLevel('demand_seats_high_watermark', 'High watermark of demand.', ({ demand }) => demand.highWatermark);
  perLevel('demand_seats_average', 'Average demand.', ({ demand }) => demand.average);
  perLevel('demand_seats_stdev', 'Standard deviation of demand.', ({ demand }) => demand.deviation);
  perLevel('demand_seats_smoothed', 'Smoothed demand.', ({ demand }) => demand.smoothed);
  lines.push(`# HELP ${PREFIX}seat_fair_frac Fair fraction of seats.`, `# TYPE ${PREFIX}seat_fair_frac gauge`);
  lines.push(`${PREFIX}seat_fair_frac ${fair}`);
  renderHistograms(lines, 'request_wait_duration_seconds', waitsOf(all), WAIT_BUCKETS);
  const executions = all.map(({ flow, labels }) => [labels, flow.execution] as const);
  renderHistograms(lines, 'request_execution_seconds', executions, EXECUTION_BUCKETS);
  return `${lines.join('\n')}\n`;
}

interface Labelled {
  flow: Flow;
  labels: string;
}

const rejections = (all: readonly Labelled[]): (readonly [string, number])[] =>
  all.flatMap(({ flow, labels }) =>
    [...flow.rejected].map(([reason, count]) => [`${labels},reason="${reason}"`, count] as const),
  );

const waitsOf = (all: readonly Labelled[]): (readonly [string, Histogram])[] =>
  all.flatMap(({ flow, labels }) =>
    [...flow.waits].map(([execute, waits]) => [`execute="${execute}",${labels}`, waits] as const),
  );

function renderHistograms(
  lines: string[],
  name: string,
  histograms: readonly (readonly [string, Histogram])[],
  bounds: readonly number[],
): void {
  lines.push(`# HELP ${PREFIX}${name} Seconds.`, `# TYPE ${PREFIX}${name} histogram`);
  for (const [labels, { buckets, sum, count }] of histograms) {
    for (const [i, bound] of bounds.entries())
      lines.push(`${PREFIX}${name}_bucket{${labels},le="${bound}"} ${buckets[i]}`);
    lines.push(`${PREFIX}${name}_bucket{${labels},le="+Inf"} ${count}`);
    lines.push(`${PREFIX}${name}_sum{${labels}} ${sum}`, `${PREFIX}${name}_count{${labels}} ${count}`);
  }
}
