/** URIs as Go parses those of requests. Upstream: net/url.ParseRequestURI. */

const HEX_PAIR = /^[0-9a-fA-F]{2}$/;
const HOST_CHARACTERS = /^[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"\u0080-\uffff]*$/;
const USER_CHARACTERS = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;

/** Whether each `%` begins two hex digits. */
function escapesWell(text: string): boolean {
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 1))
    if (!HEX_PAIR.test(text.slice(at + 1, at + 3))) return false;
  return true;
}

/** An absolute URI or an absolute path. */
export function isRequestURI(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (text === '' || /[\u0000-\u001f\u007f]/.test(text)) return false;
  if (text === '*') return true;
  const scheme = /^[A-Za-z][A-Za-z0-9+\-.]*:/.exec(text)?.[0] ?? '';
  if (scheme === '' && text.startsWith(':')) return false;
  const query = text.indexOf('?', scheme.length);
  const rest = text.slice(scheme.length, query < 0 ? undefined : query);
  // What follows a scheme without a slash is taken as it is.
  if (!rest.startsWith('/')) return scheme !== '';
  const authority = scheme !== '' && rest.startsWith('//') ? authorityOf(rest) : undefined;
  const path = authority === undefined ? rest : rest.slice(2 + authority.length);
  return escapesWell(path) && (authority === undefined || isAuthority(authority));
}

const authorityOf = (rest: string): string => /^\/\/([^/]*)/.exec(rest)?.[1] ?? '';

function isAuthority(authority: string): boolean {
  const at = authority.lastIndexOf('@');
  const user = at < 0 ? '' : authority.slice(0, at);
  if (!USER_CHARACTERS.test(user) || !escapesWell(user)) return false;
  return isHost(authority.slice(at + 1));
}

function isHost(host: string): boolean {
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']');
    if (end < 0 || !isPort(host.slice(end + 1))) return false;
    const address = host.slice(1, end);
    const zone = address.indexOf('%25');
    return HOST_CHARACTERS.test(zone < 0 ? address : address.slice(0, zone));
  }
  const colon = host.lastIndexOf(':');
  if (colon >= 0 && !isPort(host.slice(colon))) return false;
  // Only bytes beyond ASCII may be escaped in a host name.
  return escapesWell(host) && HOST_CHARACTERS.test(host.replace(/%[89a-fA-F][0-9a-fA-F]/g, ''));
}

const isPort = (text: string): boolean => text === '' || /^:\d*$/.test(text);
