/** Requests to whoever dials for the control plane: where they go on to stands in headers. */
import { DIAL, DIAL_ERROR } from '../../base/dial-headers.ts';
import type { OutboundOptions } from './contract.ts';

export interface Dialling {
  options: OutboundOptions;
  signal: AbortSignal;
  /** Host and port as the request names them. */
  authority: string;
  path: string;
  /** `HOST:PORT` that is connected to. */
  dial: string;
  /** Name that the certificate must be for, where it is not the host. */
  serverName?: string;
  /** Classes of addresses that may be connected to; unset: all. */
  allow?: readonly string[];
}

/** A request with the headers that tell the dialler where it goes on to. */
export function dialRequest({ options, signal, authority, path, dial, serverName, allow }: Dialling): Request {
  const { request, caBundle, insecure, clientCertificate } = options;
  const { method, body } = request;
  const headers = new Headers(request.headers);
  for (const name of [...headers.keys()]) if (name.startsWith('x-kedge-')) headers.delete(name);
  headers.set(DIAL.target, dial);
  headers.set(DIAL.scheme, 'https');
  // An empty bundle is none, and never a reason to trust everybody.
  if (!insecure) headers.set(DIAL.ca, caBundle?.trim() ? base64(caBundle) : 'system');
  if (serverName) headers.set(DIAL.serverName, serverName);
  if (!(body instanceof ReadableStream)) headers.set(DIAL.whole, '1');
  if (allow) headers.set(DIAL.allow, allow.join(','));
  if (request.lines && Object.keys(request.lines).length > 0)
    headers.set(DIAL.lines, base64(JSON.stringify(request.lines)));
  if (clientCertificate) {
    const { certificate, key } = clientCertificate;
    headers.set(DIAL.certificate, base64(`${certificate.trimEnd()}\n${key}`));
  }
  // Plain http on this hop, so that the port is kept in the Host header as Go's client writes it.
  return new Request(`http://${authority}${path}`, {
    method,
    headers,
    redirect: 'manual',
    signal,
    ...(body === undefined || body === null ? {} : { body, duplex: 'half' }),
  } as RequestInit);
}

function base64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

const PREFIX = 'error trying to reach service: ';

/** Why the other side was not reached; undefined when `response` is its answer. */
export async function dialError(response: Response): Promise<{ message: string; connected: boolean } | undefined> {
  const failure = response.headers.get(DIAL_ERROR);
  if (failure === null) return undefined;
  const text = (await response.text()).trimEnd();
  return { message: text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text, connected: failure !== 'connect' };
}
