/** URLs as Go parses them, which takes what browsers refuse, and its words for what it refuses too. Upstream: net/url.Parse. */
import { quote } from './quote.ts';

export interface GoUrl {
  /** Lower case; empty where there is none. */
  scheme: string;
  /** Undefined where there is no `@`. */
  user: string | undefined;
  /** With its port. */
  host: string;
  path: string;
  query: string;
  fragment: string;
}

/** Throws an Error with Go's whole message: `parse "…": …`. */
export function parseGoUrl(text: string): GoUrl {
  const [before, fragment] = cut(text, '#');
  const url = orFail(before, () => parse(before));
  return { ...url, fragment: fragment === undefined ? '' : orFail(text, () => unescaped(fragment)) };
}

function orFail<T>(text: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`parse ${quote(text)}: ${(error as Error).message}`);
  }
}

function cut(text: string, at: string): [string, string | undefined] {
  const index = text.indexOf(at);
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;

function parse(text: string): Omit<GoUrl, 'fragment'> {
  if (CONTROL.test(text)) throw new Error('net/url: invalid control character in URL');
  if (text.startsWith(':')) throw new Error('missing protocol scheme');
  const scheme = /^([A-Za-z][A-Za-z0-9+\-.]*):/.exec(text)?.[1] ?? '';
  const [rest, query = ''] = cut(scheme === '' ? text : text.slice(scheme.length + 1), '?');
  const url = { scheme: scheme.toLowerCase(), user: undefined, host: '', path: '', query };
  if (!rest.startsWith('/')) {
    // What follows a scheme without a slash is taken as it is.
    if (scheme !== '') return url;
    if (cut(rest, '/')[0].includes(':')) throw new Error('first path segment in URL cannot contain colon');
  }
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///'))) return { ...url, path: unescaped(rest) };
  const [authority] = cut(rest.slice(2), '/');
  return { ...url, ...parseAuthority(authority), path: unescaped(rest.slice(2 + authority.length)) };
}

function parseAuthority(authority: string): { user: string | undefined; host: string } {
  const at = authority.lastIndexOf('@');
  const host = parseHost(authority.slice(at + 1));
  if (at < 0) return { user: undefined, host };
  const user = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) throw new Error('net/url: invalid userinfo');
  unescaped(user);
  return { user, host };
}

function parseHost(host: string): string {
  let port = host.lastIndexOf(':') < 0 ? '' : host.slice(host.lastIndexOf(':'));
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']');
    if (end < 0) throw new Error("missing ']' in host");
    port = host.slice(end + 1);
  }
  if (port !== '' && !/^:\d*$/.test(port)) throw new Error(`invalid port ${quote(port)} after host`);
  for (let at = 0; at < host.length; at++) {
    const char = host.charAt(at);
    if (char === '%') {
      const code = host.slice(at, at + 3);
      // Only bytes beyond ASCII may be escaped in a host name, and the sign before the zone of an address.
      if (!/^%[0-9a-fA-F]{2}$/.test(code) || (/^%[0-7]/.test(code) && code !== '%25')) throw badEscape(code);
    } else if (char < '\u0080' && !/[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]/.test(char))
      throw new Error(`invalid character ${quote(char)} in host name`);
  }
  return host;
}

const badEscape = (code: string): Error => new Error(`invalid URL escape ${quote(code)}`);

function unescaped(text: string): string {
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 1)) {
    const code = text.slice(at, at + 3);
    if (!/^%[0-9a-fA-F]{2}$/.test(code)) throw badEscape(code);
  }
  return text;
}
