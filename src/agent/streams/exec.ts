/** exec and attach: the channels of the client's WebSocket joined to the streams of the runtime's SPDY connection. */
import type { IncomingRequest, MuxSocket, OutgoingResponse } from '../../base/mux/index.ts';
import { type ContainerRuntime, type ExecWatch, isRuntimeError, type StreamSelection } from '../runtime/contract.ts';
import { createSpdy, dialUpgrade, type SpdyConnection, type SpdyEvents, type SpdyStream } from './spdy.ts';
import { chooseProtocol, containerTarget, HttpError, runningContainer } from './target.ts';

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

const Channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
type ChannelNumber = (typeof Channel)[keyof typeof Channel];

/** `GET /exec/NAMESPACE/POD/CONTAINER?command=…&input=1&output=1&error=1&tty=1`. Upstream: kubelet getExec. */
export async function serveExec(
  request: IncomingRequest,
  url: URL,
  runtime: ContainerRuntime,
): Promise<OutgoingResponse> {
  const command = url.searchParams.getAll('command');
  if (command.length === 0) throw new HttpError(400, 'you must specify at least 1 command');
  return serveChannels(request, url, {
    runtime,
    open: (id, streams) => runtime.execUrl(id, command, streams),
    watch: (id, streams) => (streams.stdin ? runtime.watchExecs?.(id) : undefined),
  });
}

/** `GET /attach/NAMESPACE/POD/CONTAINER?input=1&output=1&error=1&tty=1`. Upstream: kubelet getAttach. */
export async function serveAttach(
  request: IncomingRequest,
  url: URL,
  runtime: ContainerRuntime,
): Promise<OutgoingResponse> {
  return serveChannels(request, url, { runtime, open: (id, streams) => runtime.attachUrl(id, streams) });
}

interface ChannelsOptions {
  runtime: ContainerRuntime;
  open(id: string, streams: StreamSelection): Promise<string>;
  watch?(id: string, streams: StreamSelection): ExecWatch | undefined;
}

async function serveChannels(request: IncomingRequest, url: URL, options: ChannelsOptions): Promise<OutgoingResponse> {
  const streams = streamSelection(url.searchParams);
  const { id } = await runningContainer(options.runtime, containerTarget(url));
  // Only now: kubectl asks again by SPDY when a WebSocket is refused, and shows the second answer.
  if (!request.upgrade) throw new HttpError(400, 'you must request an upgrade to WebSocket');
  const protocol = chooseProtocol(request, PROTOCOLS);
  if (!protocol) throw new HttpError(403, `no protocol of this server is asked for: ${PROTOCOLS.join(', ')}`);
  const runtimeUrl = await options.open(id, streams).catch((error: unknown) => {
    if (isRuntimeError(error, 'NotFound')) throw new HttpError(404, error.message);
    throw error;
  });
  const upgraded = await dialUpgrade(runtimeUrl, { 'x-stream-protocol-version': 'v4.channel.k8s.io' });
  return {
    status: 101,
    headers: [['sec-websocket-protocol', protocol]],
    accept: (socket) => {
      const watch = options.watch?.(id, streams);
      void socket.closed.then(() => watch?.stop());
      joinChannels(socket, streams, {
        dial: (events) => createSpdy(upgraded.socket, upgraded.head, events),
        outputEnded: () => watch?.release(),
      });
    },
  };
}

/** Which streams a client wants; kubelet's parameter names and those of the API both count. */
function streamSelection(query: URLSearchParams): StreamSelection {
  const on = (...names: string[]) => names.some((name) => ['1', 'true'].includes(query.get(name) ?? ''));
  const tty = on('tty');
  const streams = {
    stdin: on('input', 'stdin'),
    stdout: on('output', 'stdout'),
    stderr: on('error', 'stderr') && !tty,
    tty,
  };
  if (!streams.stdin && !streams.stdout && !streams.stderr) {
    throw new HttpError(400, 'you must specify at least 1 of stdin, stdout, stderr');
  }
  return streams;
}

/** A message of one channel: its number, then the data. */
function channelMessage(channel: ChannelNumber, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(1 + data.byteLength);
  out[0] = channel;
  out.set(data, 1);
  return out;
}

export interface ChannelsPeer {
  dial(events: SpdyEvents): SpdyConnection;
  /** Every stream has ended except that of the status. */
  outputEnded?(): void;
}

/** The status of a process whose own never came: the runtime went away. */
const LOST = new TextEncoder().encode(
  JSON.stringify({
    metadata: {},
    status: 'Failure',
    message: 'the connection to the container runtime ended before the status of the process came',
    reason: 'InternalError',
    code: 500,
  }),
);

/** Moves data both ways until the runtime has ended every stream or the client goes away. */
function joinChannels(socket: MuxSocket, streams: StreamSelection, peer: ChannelsPeer): void {
  const channels = new Map<number, ChannelNumber>();
  const open = new Set<number>();
  let told = false;
  const spdy = peer.dial({
    async data(id, data) {
      const channel = channels.get(id);
      if (channel === Channel.error) told = true;
      if (channel !== undefined) await socket.send(channelMessage(channel, data));
    },
    end(id) {
      open.delete(id);
      if (open.size === 0) spdy.close();
      else if (open.size === 1 && open.has(status.id)) peer.outputEnded?.();
    },
    close() {
      // A client takes an end without a status for success.
      if (!told && open.has(status.id)) void socket.send(channelMessage(Channel.error, LOST));
      socket.close(1000, '');
    },
  });
  const openStream = (channel: ChannelNumber, type: string): SpdyStream => {
    const stream = spdy.open({ streamtype: type });
    channels.set(stream.id, channel);
    if (channel !== Channel.stdin && channel !== Channel.resize) open.add(stream.id);
    return stream;
  };
  // The order is that of kubelet's own clients: the error stream comes first.
  const status = openStream(Channel.error, 'error');
  const stdin = streams.stdin ? openStream(Channel.stdin, 'stdin') : undefined;
  if (streams.stdout) openStream(Channel.stdout, 'stdout');
  if (streams.stderr) openStream(Channel.stderr, 'stderr');
  if (open.size === 1) peer.outputEnded?.();
  const resize = streams.tty ? openStream(Channel.resize, 'resize') : undefined;
  // Tells clients that wait for it that the connection stands.
  const first = streams.stdout ? Channel.stdout : streams.stderr ? Channel.stderr : Channel.error;
  void socket.send(channelMessage(first, new Uint8Array(0)));
  void readClient(socket, stdin, resize).finally(() => spdy.close());
}

async function readClient(socket: MuxSocket, stdin?: SpdyStream, resize?: SpdyStream): Promise<void> {
  // A client that is gone does not wait for a process that does not read its input.
  let gone = false;
  let leave = () => {};
  void socket.closed.then(() => {
    gone = true;
    leave();
  });
  const unlessGone = (written: Promise<void>) =>
    new Promise<void>((resolve) => {
      leave = resolve;
      void written.then(resolve);
      if (gone) resolve();
    });
  for await (const message of socket.messages) {
    const bytes = typeof message === 'string' ? new TextEncoder().encode(message) : message;
    const data = bytes.subarray(1);
    if (bytes[0] === Channel.stdin && stdin) await unlessGone(stdin.write(data));
    else if (bytes[0] === Channel.resize) await resize?.write(data);
    else if (bytes[0] === Channel.close && data[0] === Channel.stdin) stdin?.end();
  }
}
