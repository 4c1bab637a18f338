/** What flow control is doing right now, as text. Upstream: util/flowcontrol/apf_controller_debug.go. */
import type { Level, Levels } from './levels.ts';
import type { QueuedRequest } from './queue.ts';

type Row = readonly (string | number | boolean)[];

const DUMPS: Readonly<Record<string, (levels: readonly [string, Level][]) => Row[]>> = {
  dump_priority_levels: (levels) => [
    [
      ...['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests'],
      ...['DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests'],
    ],
    ...levels.map(([name, { set, quiescing }]) => {
      const { waiting, executing, dispatched, rejected } = set.totals;
      const active = set.queues.filter((queue) => queue.waiting.size > 0).length;
      return [name, active, set.idle, quiescing, waiting, executing, dispatched, rejected, 0, 0];
    }),
  ],
  dump_queues: (levels) => [
    [
      ...['PriorityLevelName', 'Index', 'PendingRequests', 'ExecutingRequests', 'SeatsInUse', 'NextDispatchR'],
      ...['InitialSeatsSum', 'MaxSeatsSum', 'TotalWorkSum'],
    ],
    ...levels.flatMap(([name, { set }]) =>
      set.queues.map(({ index, waiting, executing, nextDispatchR, workWaiting }): Row => {
        const running = [...set.executing].filter(({ queue }) => queue?.index === index);
        const waits = [...waiting];
        return [
          ...[name, index, waits.length, executing, sum(running, ({ work }) => work.seats)],
          `${nextDispatchR.toFixed(8)}ss`,
          ...[sum(waits, ({ work }) => work.initialSeats), sum(waits, ({ work }) => work.seats)],
          `${workWaiting.toFixed(8)}ss`,
        ];
      }),
    ),
  ],
  dump_requests: (levels) => [
    [
      ...['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistingsher', 'ArriveTime'],
      ...['InitialSeats', 'FinalSeats', 'AdditionalLatency', 'StartTime'],
    ],
    ...levels.flatMap(([name, { set }]) => [
      ...set.queues.flatMap(({ waiting }) => [...waiting].map((request, i) => rowOf(name, request, i))),
      ...[...set.executing].map((request) => rowOf(name, request, -1)),
    ]),
  ],
};

/** One of upstream's three dumps; undefined for another name. */
export function dump(name: string, levels: Levels): string | undefined {
  const rows = Object.hasOwn(DUMPS, name)
    ? DUMPS[name]?.([...levels.byName].sort(([a], [b]) => (a < b ? -1 : 1)))
    : undefined;
  return rows && table(rows);
}

function rowOf(level: string, request: QueuedRequest, index: number): Row {
  const { label, queue, arrivedAt, startedAt, work } = request;
  const time = (ms: number): string => (ms === 0 ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString());
  return [
    ...[level, label?.schema ?? '', queue?.index ?? -1, index, label?.distinguisher ?? '', time(arrivedAt)],
    ...[work.initialSeats, work.finalSeats, `${work.lingerMs}ms`, time(startedAt)],
  ];
}

const sum = (requests: readonly QueuedRequest[], value: (request: QueuedRequest) => number): number =>
  requests.reduce((total, request) => total + value(request), 0);

/** Columns end in a comma and are filled up with blanks, as a tab writer does. */
function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => row.map((cell, i) => (i < row.length - 1 ? `${cell},` : String(cell))));
  const widths = (cells[0] ?? []).map((_, i) => Math.max(8, ...cells.map((row) => (row[i] ?? '').length + 1)));
  return cells
    .map((row) => row.map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i] ?? 8) : cell)).join(''))
    .map((line) => `${line}\n`)
    .join('');
}
