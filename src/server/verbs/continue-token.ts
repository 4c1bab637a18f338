/** Where a paged list goes on. Upstream: apiserver/pkg/storage/continue.go. */
import { jsonSyntaxMessage } from '../../machinery/json-syntax.ts';
import { badRequest } from '../../machinery/status.ts';
import { isInt64 } from './integers.ts';

export interface ContinueToken {
  /** The revision of the first page; -1 goes on at the present state. */
  revision: number;
  after: { namespace: string; name: string };
}

const VERSION = 'meta.k8s.io/v1';

/** A token for clients, opaque to them. The start key is the last one shown followed by a zero byte, as upstream's. */
export function encodeContinue(token: ContinueToken): string {
  const start = `${token.after.namespace === '' ? '' : `${token.after.namespace}/`}${token.after.name}\u0000`;
  const text = JSON.stringify({ v: VERSION, rv: token.revision, start });
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}

/** Parses a token; one that names no namespace goes on in that of the list. Throws 400. */
export function decodeContinue(text: string, namespace = ''): ContinueToken {
  const { v, rv, start } = readToken(decodeBase64Url(text));
  if (v !== VERSION) throw invalidToken(`server does not recognize this encoded version ${v}`);
  if (rv === 0) throw invalidToken(`incorrect encoded start resourceVersion (version ${VERSION})`);
  if (start === '') throw invalidToken(`encoded start key empty (version ${VERSION})`);
  const path = start.startsWith('/') ? start.slice(1) : start;
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) throw invalidToken(start);
  const slash = path.indexOf('/');
  const name = path.slice(slash + 1);
  const after = { namespace: slash < 0 ? namespace : path.slice(0, slash), name: predecessor(name) };
  return { revision: rv, after };
}

/** The last name that a page which starts at `key` leaves out: names are of ASCII, so none lies between. */
function predecessor(key: string): string {
  if (key.endsWith('\u0000')) return key.slice(0, -1);
  const last = key.charCodeAt(key.length - 1);
  return `${key.slice(0, -1)}${String.fromCharCode(last - 1)}\uffff`;
}

/** The fields of a token as Go reads them: by their names in any case, null as if left out, the first misfit told. */
function readToken(bytes: Uint8Array): { v: string; rv: number; start: string } {
  const text = new TextDecoder().decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidToken(jsonSyntaxMessage(bytes));
  }
  const token = { v: '', rv: 0, start: '' };
  if (value === null) return token;
  if (typeof value !== 'object' || Array.isArray(value))
    throw invalidToken(`json: cannot unmarshal ${jsonType(value)} into Go value of type storage.continueToken`);
  for (const [key, given] of Object.entries(value)) {
    const name = key.toLowerCase();
    if (given === null) continue;
    if (name === 'rv') token.rv = revisionOf(given, text);
    else if (name === 'v' || name === 'start') {
      if (typeof given !== 'string') throw misfit(jsonType(given), `${name} of type string`);
      token[name] = given;
    }
  }
  return token;
}

function revisionOf(value: unknown, text: string): number {
  if (typeof value !== 'number') throw misfit(jsonType(value), 'rv of type int64');
  const literal = /"rv"\s*:\s*([-+.\deE]+)/i.exec(text)?.[1] ?? String(value);
  if (!isInt64(literal)) throw misfit(`number ${literal}`, 'rv of type int64');
  return value;
}

const misfit = (type: string, field: string) =>
  invalidToken(`json: cannot unmarshal ${type} into Go struct field continueToken.${field}`);

function jsonType(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? 'array' : typeof value;
}

function decodeBase64Url(text: string): Uint8Array {
  const odd = text.search(/[^\w-]/);
  const wrong = odd >= 0 ? odd : text.length % 4 === 1 ? text.length - 1 : -1;
  if (wrong >= 0) throw invalidToken(`illegal base64 data at input byte ${wrong}`);
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

const invalidToken = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`);
