/** Where a request carries its bearer token. Upstream: apiserver/pkg/authentication/request/{bearertoken,websocket}. */

const WEBSOCKET_PREFIX = 'base64url.bearer.authorization.k8s.io.';

/** The token of the Authorization header or, for browsers, of the WebSocket sub-protocol; undefined when there is none. */
export function bearerToken(headers: Headers): string | undefined {
  const [scheme, token] = authorizationOf(headers);
  if (token && scheme?.toLowerCase() === 'bearer') return token;
  const protocols = headers.get('sec-websocket-protocol');
  if (!protocols) return undefined;
  for (const protocol of protocols.split(',')) {
    const name = protocol.trim();
    if (name.startsWith(WEBSOCKET_PREFIX)) return decodeBase64Url(name.slice(WEBSOCKET_PREFIX.length));
  }
  return undefined;
}

/** What to tell a client whose token is not where it belongs, and counts as none; undefined when all is well. */
export function bearerWarning(headers: Headers): string | undefined {
  const [scheme, token, more] = authorizationOf(headers);
  if (scheme?.toLowerCase() !== 'bearer' || token !== '' || more === undefined) return undefined;
  return 'the provided Authorization header contains extra space before the bearer token, and is ignored';
}

const authorizationOf = (headers: Headers): string[] => (headers.get('authorization') ?? '').trim().split(' ');

/** An undecodable token stays as it is, and is refused as unknown. */
function decodeBase64Url(text: string): string {
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return text;
  }
}
