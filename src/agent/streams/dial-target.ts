/** Where a request goes on to, how the other side proves who it is, and how a failure to reach it is told. */
import { isIP } from 'node:net';
import { type AddressClass, addressClass } from '../../base/address-class.ts';
import { DIAL } from '../../base/dial-headers.ts';
import { HttpError } from './target.ts';

const CONTROL: ReadonlySet<string> = new Set(Object.values(DIAL));
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'proxy-connection',
]);

export interface DialTarget {
  host: string;
  port: number;
  tls: boolean;
  /** PEM, or `system`; undefined: any certificate will do. */
  ca?: string;
  serverName?: string;
  /** PEM of certificate and key. */
  certificate?: string;
  allow?: readonly string[];
  whole?: boolean;
}

const decoded = (value: string): string => Buffer.from(value, 'base64').toString();

/** The target that the headers of a request name. Throws HttpError 400. */
export function dialTarget(headers: Headers): DialTarget {
  const value = headers.get(DIAL.target) ?? '';
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/@\s]+)):(\d{1,5})$/.exec(value);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (!host || port < 1 || port > 65_535) throw new HttpError(400, `${DIAL.target}: "${value}" is not HOST:PORT`);
  const ca = headers.get(DIAL.ca);
  const serverName = headers.get(DIAL.serverName);
  const certificate = headers.get(DIAL.certificate);
  const allow = headers.get(DIAL.allow);
  return {
    host,
    port,
    tls: headers.get(DIAL.scheme) === 'https',
    // PEM spans lines and a header does not, so it travels in base64.
    ...(ca === null ? {} : { ca: ca === 'system' || ca === '' ? 'system' : decoded(ca) }),
    ...(serverName ? { serverName } : {}),
    ...(certificate ? { certificate: decoded(certificate) } : {}),
    ...(allow === null ? {} : { allow: allow.split(',') }),
    ...(headers.has(DIAL.whole) ? { whole: true } : {}),
  };
}

/** The headers that go on to the target. */
export function targetHeaders(headers: Headers): TargetHeaders {
  const kept: TargetHeaders = {};
  for (const [name, value] of headers) if (isEndToEnd(name) && !CONTROL.has(name)) kept[name] = value;
  const lines = headers.get(DIAL.lines);
  return lines === null ? kept : { ...kept, ...(JSON.parse(decoded(lines)) as Record<string, string[]>) };
}

/** By name in lower case; several values make a line each. */
export type TargetHeaders = Record<string, string | string[]>;

export const isEndToEnd = (name: string): boolean => !HOP_BY_HOP.has(name.toLowerCase());

/** Options of a TLS connection. */
export function tlsOptions(target: DialTarget): Record<string, unknown> {
  if (!target.tls) return {};
  // Without an authority there is nothing to check against; upstream's proxy does not verify pods either.
  if (target.ca === undefined) return { rejectUnauthorized: false, ...identity(target) };
  return { ...(target.ca === 'system' ? {} : { ca: target.ca }), ...identity(target) };
}

function identity({ host, serverName, certificate }: DialTarget): Record<string, unknown> {
  const name = serverName ?? host;
  return {
    // A server name is never an address.
    servername: isIP(name) ? '' : name,
    ...(certificate ? { cert: certificate, key: certificate } : {}),
  };
}

/** The forbidden class of an address; undefined when it may be dialled. */
export function forbiddenClass(address: string, allow: readonly string[] | undefined): AddressClass | undefined {
  const is = addressClass(address);
  return is === undefined || allow === undefined || allow.includes(is) ? undefined : is;
}

export class AddressRefused extends Error {}
export class ConnectTimeout extends Error {}

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'cannot assign requested address',
};

const UNKNOWN_AUTHORITY = 'certificate signed by unknown authority';
const CERTIFICATE_ERRORS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_SIGNATURE_FAILURE: UNKNOWN_AUTHORITY,
  CERT_UNTRUSTED: UNKNOWN_AUTHORITY,
  INVALID_CA: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'certificate has expired or is not yet valid',
  INVALID_PURPOSE: 'certificate specifies an incompatible key usage',
};

interface TlsNameError extends NodeJS.ErrnoException {
  cert?: { subjectaltname?: string };
}

/** A failure in the words of Go's network library, which clients know from upstream's messages. */
export function dialFailureText(error: Error, target: DialTarget): string {
  const { code = '', syscall, address } = error as NodeJS.ErrnoException & { address?: string };
  const host = address ?? target.host;
  const at = `dial tcp ${host.includes(':') ? `[${host}]` : host}:${target.port}`;
  if (error instanceof ConnectTimeout) return `${at}: i/o timeout`;
  if (error instanceof AddressRefused) return `${at}: ${error.message}`;
  if (syscall === 'connect') return `${at}: connect: ${SYSTEM_ERRORS[code] ?? error.message}`;
  if (syscall?.startsWith('getaddrinfo')) return `dial tcp: lookup ${target.host}: no such host`;
  if (CERTIFICATE_ERRORS[code]) return `tls: failed to verify certificate: x509: ${CERTIFICATE_ERRORS[code]}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return nameMismatch(error, target.serverName ?? target.host);
  if (code === 'ECONNRESET') return 'EOF';
  if (code.startsWith('ERR_SSL_WRONG_VERSION') || code === 'EPROTO')
    return 'tls: first record does not look like a TLS handshake';
  if (code.startsWith('HPE_')) return 'net/http: HTTP/1.x transport connection broken: malformed HTTP response';
  return error.message;
}

function nameMismatch(error: TlsNameError, name: string): string {
  const names = [...(error.cert?.subjectaltname ?? '').matchAll(/(DNS|IP Address):([^,\s]+)/g)];
  const values = names.filter(([, kind]) => (kind === 'DNS') !== isIP(name) > 0).map(([, , value]) => value);
  const head = 'tls: failed to verify certificate: x509:';
  if (values.length > 0) return `${head} certificate is valid for ${values.join(', ')}, not ${name}`;
  if (isIP(name)) return `${head} cannot validate certificate for ${name} because it doesn't contain any IP SANs`;
  return `${head} certificate is not valid for any names, but wanted to match ${name}`;
}
