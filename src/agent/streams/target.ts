/** Finds the container or sandbox that a request names. */
import type { IncomingRequest, OutgoingResponse } from '../../base/mux/index.ts';
import { CONTAINER_NAME, POD_NAME, POD_NAMESPACE } from '../pods/labels.ts';
import type { Container, ContainerRuntime, Sandbox } from '../runtime/contract.ts';

/** An answer other than success, in the plain text that kubelet uses. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  /** Headers of the answer besides its type. */
  readonly headers: readonly [string, string][];
  constructor(status: number, message: string, headers: readonly [string, string][] = []) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** A plain-text answer. */
export function textResponse(status: number, body: string, type = 'text/plain; charset=utf-8'): OutgoingResponse {
  return { status, headers: [['content-type', type]], body };
}

export interface ContainerTarget {
  namespace: string;
  pod: string;
  container: string;
}

/** Path segments after the first, decoded: `/exec/NAMESPACE/POD[/UID]/CONTAINER`. */
export function containerTarget(url: URL): ContainerTarget {
  const segments = url.pathname.split('/').slice(2).map(decodeURIComponent);
  const [namespace, pod] = segments;
  const container = segments.at(-1);
  if (!namespace || !pod || !container || segments.length < 3 || segments.length > 4) {
    throw new HttpError(404, `no such path: ${url.pathname}`);
  }
  return { namespace, pod, container };
}

/** Containers of that name, newest attempt first. */
export async function findContainers(runtime: ContainerRuntime, target: ContainerTarget): Promise<Container[]> {
  const labels = { [POD_NAMESPACE]: target.namespace, [POD_NAME]: target.pod, [CONTAINER_NAME]: target.container };
  const found = await runtime.listContainers({ labels });
  return found.sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt);
}

/** The running container of that name. */
export async function runningContainer(runtime: ContainerRuntime, target: ContainerTarget): Promise<Container> {
  const [newest] = await findContainers(runtime, target);
  if (newest?.state !== 'running') throw new HttpError(404, `container not found ("${target.container}")`);
  return newest;
}

/** The ready sandbox of a pod. */
export async function readySandbox(runtime: ContainerRuntime, namespace: string, pod: string): Promise<Sandbox> {
  const found = await runtime.listPodSandboxes({ labels: { [POD_NAMESPACE]: namespace, [POD_NAME]: pod } });
  const ready = found.filter((sandbox) => sandbox.state === 'ready').sort((a, b) => b.createdAt - a.createdAt)[0];
  if (!ready) throw new HttpError(404, `pod not found ("${pod}_${namespace}")`);
  return ready;
}

/** The first protocol of the client's list that is offered here; undefined when none is. */
export function chooseProtocol(request: IncomingRequest, offered: readonly string[]): string | undefined {
  const asked = (request.headers.get('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim());
  return asked.find((name) => offered.includes(name));
}
