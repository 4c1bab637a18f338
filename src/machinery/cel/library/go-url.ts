/** URLs as Go's net/url reads them. */
import { quote } from '../../quote.ts';

export interface GoUrl {
  readonly scheme: string;
  readonly user: string;
  /** With its port. */
  readonly host: string;
  /** Escaped as Go would write it. */
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
  /** What follows a scheme without a slash. */
  readonly opaque: string;
}

/** Why a text is no URL. */
export class UrlFault extends Error {
  override readonly name = 'UrlFault';
}

function checkEscapes(text: string, host = false): void {
  for (const found of text.matchAll(/%(.{0,2})/gs)) {
    const valid = /^[0-9a-fA-F]{2}$/.test(found[1] as string);
    if (!valid) throw new UrlFault(`invalid URL escape ${quote(found[0])}`);
    if (host && Number.parseInt(found[1] as string, 16) < 0x80 && found[0] !== '%25') {
      throw new UrlFault(`invalid URL escape ${quote(found[0])}`);
    }
  }
  const wrong = host ? /[^A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%\u0080-\u{10ffff}]/u.exec(text) : null;
  if (wrong !== null) throw new UrlFault(`invalid character ${quote(wrong[0])} in host name`);
}

function schemeOf(text: string): readonly [string, string] {
  const found = /^([A-Za-z][A-Za-z0-9+\-.]*):/.exec(text);
  if (found !== null) return [(found[1] as string).toLowerCase(), text.slice(found[0].length)];
  if (text.startsWith(':')) throw new UrlFault('missing protocol scheme');
  return ['', text];
}

function checkPort(port: string): void {
  if (port !== '' && !/^:\d*$/.test(port)) throw new UrlFault(`invalid port ${quote(port)} after host`);
}

function hostOf(text: string): string {
  if (text.startsWith('[')) {
    const end = text.lastIndexOf(']');
    if (end === -1) throw new UrlFault("missing ']' in host");
    checkPort(text.slice(end + 1));
  } else if (text.includes(':')) checkPort(text.slice(text.lastIndexOf(':')));
  checkEscapes(text, true);
  return decodeEscapes(text);
}

function decodeEscapes(text: string): string {
  if (!text.includes('%')) return text;
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const part of text.split(/(%[0-9a-fA-F]{2})/)) {
    if (/^%[0-9a-fA-F]{2}$/.test(part)) bytes.push(Number.parseInt(part.slice(1), 16));
    else bytes.push(...encoder.encode(part));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

function escapePath(text: string): string {
  if (!/[^A-Za-z0-9\-_.~$&+,/:;=@!'()*[\]%]/.test(text)) return text;
  return encodeURI(decodeEscapes(text)).replace(
    /[?#[\]!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A URL of a request: absolute, or an absolute path. Throws `UrlFault`. Upstream: url.ParseRequestURI, then url.Parse */
export function parseRequestUrl(text: string): GoUrl {
  try {
    parse(text);
    const hash = text.indexOf('#');
    const url = parse(hash === -1 ? text : text.slice(0, hash));
    return hash === -1 ? url : { ...url, fragment: text.slice(hash + 1) };
  } catch (error) {
    if (!(error instanceof UrlFault)) throw error;
    throw new UrlFault(`parse ${quote(text)}: ${error.message}`);
  }
}

function parse(text: string): GoUrl {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new UrlFault('net/url: invalid control character in URL');
  if (text === '') throw new UrlFault('empty url');
  const empty = { scheme: '', user: '', host: '', path: '', query: '', fragment: '', opaque: '' };
  if (text === '*') return { ...empty, path: '*' };
  const [scheme, afterScheme] = schemeOf(text);
  const mark = afterScheme.indexOf('?');
  const query = mark === -1 ? '' : afterScheme.slice(mark + 1);
  let rest = mark === -1 ? afterScheme : afterScheme.slice(0, mark);
  if (!rest.startsWith('/')) {
    if (scheme === '') throw new UrlFault('invalid URI for request');
    return { ...empty, scheme, opaque: rest, query };
  }
  let host = '';
  let user = '';
  if (scheme !== '' && rest.startsWith('//')) {
    const slash = rest.indexOf('/', 2);
    const authority = rest.slice(2, slash === -1 ? undefined : slash);
    rest = slash === -1 ? '' : rest.slice(slash);
    const at = authority.lastIndexOf('@');
    user = at === -1 ? '' : authority.slice(0, at);
    host = hostOf(authority.slice(at + 1));
    if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) throw new UrlFault('net/url: invalid userinfo');
    checkEscapes(user);
  }
  checkEscapes(rest);
  return { ...empty, scheme, user, host, path: escapePath(rest), query };
}

/** The host without port and brackets. */
export function hostname(host: string): string {
  const bare = host.replace(/:\d*$/, '');
  return bare.startsWith('[') && bare.endsWith(']') ? bare.slice(1, -1) : bare;
}

export function portOf(host: string): string {
  return /:(\d*)$/.exec(host)?.[1] ?? '';
}

function queryPart(text: string): string | undefined {
  const spaced = text.replaceAll('+', ' ');
  return /%(?![0-9a-fA-F]{2})/.test(spaced) ? undefined : decodeEscapes(spaced);
}

/** The values of a query by key; what cannot be read is left out. */
export function parseQuery(query: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';')) continue;
    const at = pair.indexOf('=');
    const key = queryPart(at === -1 ? pair : pair.slice(0, at));
    const value = queryPart(at === -1 ? '' : pair.slice(at + 1));
    if (key === undefined || value === undefined) continue;
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  return values;
}
