/** Where a request carries its bearer token. Upstream: apiserver/pkg/authentication/request/{bearertoken,websocket}. */

const WEBSOCKET_PREFIX = 'base64url.bearer.authorization.k8s.io.';

/** The token of the Authorization header or, for browsers, of the WebSocket sub-protocol; undefined when there is none. */
export function bearerToken(headers: Headers): string | undefined {
  const authorization = headers.get('authorization');
  if (authorization) {
    const match = /^bearer +(\S+)/i.exec(authorization.trim());
    if (match) return match[1];
  }
  const protocols = headers.get('sec-websocket-protocol');
  if (!protocols) return undefined;
  for (const protocol of protocols.split(',')) {
    const name = protocol.trim();
    if (name.startsWith(WEBSOCKET_PREFIX)) return decodeBase64Url(name.slice(WEBSOCKET_PREFIX.length));
  }
  return undefined;
}

/** An undecodable token stays as it is, and is refused as unknown. */
function decodeBase64Url(text: string): string {
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return text;
  }
}
