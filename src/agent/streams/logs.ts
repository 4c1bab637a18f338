/** `GET /containerLogs/NAMESPACE/POD/CONTAINER`. Upstream: kubelet getContainerLogs. */
import type { IncomingRequest, OutgoingResponse } from '../../base/mux/index.ts';
import type { Pod } from '../../kinds/index.ts';
import type { Container, ContainerRuntime } from '../runtime/contract.ts';
import { type LogReadOptions, readLog } from './log-reader.ts';
import { noLogError } from './no-log.ts';
import { type ContainerTarget, containerTarget, findContainers, HttpError } from './target.ts';

export interface LogsOptions {
  runtime: ContainerRuntime;
  /** Pods of the node with their statuses, for the reason why there is no log. */
  pods(): readonly Pod[];
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Answers with the log as a stream of text. */
export async function serveLogs(request: IncomingRequest, url: URL, options: LogsOptions): Promise<OutgoingResponse> {
  const target = containerTarget(url);
  const selection = parseLogQuery(url.searchParams, options.now());
  const container = await pickContainer(target, url.searchParams.get('previous') === 'true', options);
  const { logPath } = await options.runtime.containerStatus(container.id);
  if (!logPath) throw new HttpError(500, `container "${target.container}" has no log file`);
  const entries = readLog(logPath, {
    ...selection,
    signal: request.signal,
    running: async () => {
      const status = await options.runtime.containerStatus(container.id).catch(() => undefined);
      return status?.state === 'running';
    },
  });
  // The first piece is awaited here, so that a missing file is an error and not an empty log.
  const first = await entries.next().catch((error: unknown) => {
    throw new HttpError(
      500,
      `failed to open the log of container "${target.container}": ${error instanceof Error ? error.message : error}`,
    );
  });
  return {
    status: 200,
    headers: [
      ['content-type', 'text/plain'],
      ['content-encoding', 'identity'],
    ],
    body: ReadableStream.from(startWith(first, entries)),
  };
}

async function* startWith(
  first: IteratorResult<Uint8Array>,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

async function pickContainer(target: ContainerTarget, previous: boolean, options: LogsOptions): Promise<Container> {
  const { pod, container } = target;
  const found = await findContainers(options.runtime, target);
  const started = found.filter((candidate) => candidate.state !== 'created');
  if (previous) {
    const ended = started.filter((candidate) => candidate.state === 'exited');
    const chosen = started[0]?.state === 'running' ? ended[0] : (ended[1] ?? undefined);
    if (!chosen) throw new HttpError(400, `previous terminated container "${container}" in pod "${pod}" not found`);
    return chosen;
  }
  const chosen = started[0];
  if (chosen) return chosen;
  throw noLogError(options.pods(), target);
}

/** The log options of a query. Throws HttpError 400 for values that are none. */
export function parseLogQuery(query: URLSearchParams, now: number): Omit<LogReadOptions, 'running' | 'signal'> {
  const integer = (name: string, least: number): number | undefined => {
    const text = query.get(name);
    if (text === null || text === '') return undefined;
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < least) throw new HttpError(400, `${name}: Invalid value: "${text}"`);
    return value;
  };
  const seconds = integer('sinceSeconds', 1);
  const sinceTime = query.get('sinceTime');
  const since = sinceTime ? Date.parse(sinceTime) : seconds === undefined ? undefined : now - seconds * 1000;
  if (Number.isNaN(since)) throw new HttpError(400, `sinceTime: Invalid value: "${sinceTime}"`);
  const stream = (query.get('stream') ?? 'All').toLowerCase();
  if (stream !== 'all' && stream !== 'stdout' && stream !== 'stderr')
    throw new HttpError(400, `stream: Invalid value: "${stream}"`);
  return {
    follow: query.get('follow') === 'true',
    timestamps: query.get('timestamps') === 'true',
    tailLines: integer('tailLines', 0),
    limitBytes: integer('limitBytes', 1),
    ...(since === undefined ? {} : { since }),
    ...(stream === 'all' ? {} : { stream }),
  };
}
