/** Where a paged list goes on. Upstream: apiserver/pkg/storage/continue.go. */
import { jsonSyntaxMessage } from '../../machinery/json-syntax.ts';
import { badRequest } from '../../machinery/status.ts';

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
  const bytes = decodeBase64Url(text);
  let token: { v?: unknown; rv?: unknown; start?: unknown };
  try {
    token = JSON.parse(new TextDecoder().decode(bytes)) as typeof token;
  } catch {
    throw invalidToken(jsonSyntaxMessage(bytes));
  }
  if (token === null || typeof token !== 'object') throw invalidToken('not an object');
  if (token.v !== VERSION) throw invalidToken(`server does not recognize this encoded version ${String(token.v)}`);
  if (typeof token.start !== 'string' || token.start === '')
    throw invalidToken(`encoded start key empty (version ${VERSION})`);
  if (typeof token.rv !== 'number' || token.rv === 0)
    throw invalidToken(`incorrect encoded start resourceVersion (version ${VERSION})`);
  const start = token.start.startsWith('/') ? token.start.slice(1) : token.start;
  if (start.split('/').some((part) => part === '' || part === '.' || part === '..')) throw invalidToken(token.start);
  const key = start.endsWith('\u0000') ? start.slice(0, -1) : start;
  const slash = key.indexOf('/');
  const within = slash < 0 ? namespace : key.slice(0, slash);
  return { revision: token.rv, after: { namespace: within, name: key.slice(slash + 1) } };
}

function decodeBase64Url(text: string): Uint8Array {
  const odd = text.search(/[^\w-]/);
  const wrong = odd >= 0 ? odd : text.length % 4 === 1 ? text.length - 1 : -1;
  if (wrong >= 0) throw invalidToken(`illegal base64 data at input byte ${wrong}`);
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

const invalidToken = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`);
