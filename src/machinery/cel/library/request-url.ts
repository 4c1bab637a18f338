/** URLs of requests as Go's net/url reads and writes them. */
import { type GoUrl, parseGoUrl } from '../../go-url.ts';
import { quote } from '../../quote.ts';

/** Why a text is no URL. */
export class UrlFault extends Error {
  override readonly name = 'UrlFault';
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

/**
 * A URL of a request: absolute, or an absolute path. Its path is escaped as Go would write it, its host is not. Throws `UrlFault`.
 * Upstream: url.ParseRequestURI, then url.Parse
 */
export function parseRequestUrl(text: string): GoUrl {
  const refuse = (why: string) => new UrlFault(`parse ${quote(text)}: ${why}`);
  if (text === '') throw refuse('empty url');
  if (!/^(?:[A-Za-z][A-Za-z0-9+\-.]*:|[/:])/.test(text) && text !== '*') throw refuse('invalid URI for request');
  try {
    const url = parseGoUrl(text);
    return { ...url, host: decodeEscapes(url.host), path: escapePath(url.path) };
  } catch (error) {
    throw new UrlFault((error as Error).message);
  }
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
