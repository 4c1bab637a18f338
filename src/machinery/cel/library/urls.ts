import type { GoUrl } from '../../go-url.ts';
import type { CelType } from '../contract.ts';
import type { Library } from '../declaration.ts';
import { CelFault, CelHostValue } from '../values.ts';
import { spend } from '../work.ts';
import { urlType } from './host-types.ts';
import { hostname, parseQuery, parseRequestUrl, portOf, UrlFault } from './request-url.ts';

class CelUrl extends CelHostValue {
  readonly type: CelType = urlType;
  readonly url: GoUrl;
  constructor(url: GoUrl) {
    super();
    this.url = url;
  }
  equals(other: CelHostValue): boolean {
    return other instanceof CelUrl && JSON.stringify(other.url) === JSON.stringify(this.url);
  }
}

/** What Go says of a text that is no URL, else nothing. */
export function urlFault(text: string): string | undefined {
  try {
    parseRequestUrl(text);
    return undefined;
  } catch (error) {
    if (error instanceof UrlFault) return error.message;
    throw error;
  }
}

function toUrl(text: string): CelUrl {
  try {
    return new CelUrl(parseRequestUrl(text));
  } catch (error) {
    if (!(error instanceof UrlFault)) throw error;
    throw new CelFault(`URL parse error during conversion from string: ${error.message}`);
  }
}

/** Upstream lets this cost nothing, however long the text is. */
function isUrl(text: string): boolean {
  spend(text.length);
  return urlFault(text) === undefined;
}

/** Upstream: pkg/cel/library/urls.go */
export function urlsLibrary(): Library {
  return {
    url: { 'string_to_url(string) -> URL': toUrl },
    getScheme: { 'url_get_scheme: URL.() -> string': ({ url }: CelUrl) => url.scheme },
    getHost: { 'url_get_host: URL.() -> string': ({ url }: CelUrl) => url.host },
    getHostname: { 'url_get_hostname: URL.() -> string': ({ url }: CelUrl) => hostname(url.host) },
    getPort: { 'url_get_port: URL.() -> string': ({ url }: CelUrl) => portOf(url.host) },
    getEscapedPath: { 'url_get_escaped_path: URL.() -> string': ({ url }: CelUrl) => url.path },
    getQuery: { 'url_get_query: URL.() -> map(string, list(string))': ({ url }: CelUrl) => parseQuery(url.query) },
    isURL: { 'is_url_string(string) -> bool': isUrl },
  };
}
