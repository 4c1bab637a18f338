/**
 * What a URL asks for, before anything is looked up. Authorization, routing, logs and metrics read the same value, so
 * they can never disagree. Upstream: apiserver/pkg/endpoints/request/requestinfo.go.
 */
import { parseFieldSelector, parseLabelSelector } from '../machinery/selectors/index.ts';
import { badRequest } from '../machinery/status.ts';

export interface RequestInfo {
  isResource: boolean;
  /** Decoded path. */
  path: string;
  /** create get list watch update patch delete deletecollection, or the lower-case method for other paths. */
  verb: string;
  /** `api` or `apis` for resource requests. */
  prefix: string;
  group: string;
  version: string;
  namespace: string;
  resource: string;
  subresource: string;
  name: string;
  /** What follows the subresource: the path that is asked of a proxied server, or empty. */
  rest: string[];
  /** True when the path itself names the object, false when a field selector does. */
  named: boolean;
  /** The path names the verb, as those of old clients do; they know no selectors that count for rights. */
  verbInPath?: true;
}

const VERB_OF_METHOD: Record<string, string> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** The subresources of a namespace; under them `namespaces/NAME/…` is the Namespace itself. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

/** Verbs that a path may begin with, as old clients write it; nothing is proxied that way any more. */
const PATH_VERBS = new Set(['watch', 'proxy']);

/** Parses the target of a request. Throws 400 for a path whose escapes are broken. */
export function parseRequestInfo(method: string, url: Pick<URL, 'pathname' | 'searchParams'>): RequestInfo {
  const path = decodePath(url.pathname);
  const info: RequestInfo = {
    isResource: false,
    path,
    verb: method.toLowerCase(),
    prefix: '',
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    rest: [],
    named: false,
  };
  // Slashes at the end do not count. Parts between two slashes are empty ones, which name nothing.
  const parts = path.replace(/^\/|\/+$/g, '').split('/');
  const prefix = parts[0];
  if (parts.length < 3 || (prefix !== 'api' && prefix !== 'apis')) return info;
  let at = 1;
  if (prefix === 'apis') {
    if (parts.length < 4) return info;
    info.group = parts[at++]!;
  }
  info.isResource = true;
  info.prefix = prefix;
  info.version = parts[at++]!;
  info.verb = VERB_OF_METHOD[method] ?? '';
  const verb = PATH_VERBS.has(parts[at]!) && parts.length > at + 1 ? parts[at++] : undefined;
  readTarget(info, parts, at);
  if (verb === undefined) refineCollectionVerb(info, url.searchParams);
  else Object.assign(info, { verb, verbInPath: true });
  if (verb === 'proxy') info.subresource = '';
  return info;
}

function readTarget(info: RequestInfo, parts: string[], start: number): void {
  let at = start;
  // An empty namespace is all of them.
  if (parts[at] === 'namespaces' && parts.length > at + 1) {
    info.namespace = parts[at + 1]!;
    if (parts.length > at + 2 && !NAMESPACE_SUBRESOURCES.has(parts[at + 2]!)) at += 2;
  }
  const isNamed = !parts.slice(at, at + 3).includes('');
  info.resource = isNamed ? (parts[at] ?? '') : '';
  info.name = parts[at + 1] ?? '';
  info.subresource = parts[at + 2] ?? '';
  info.rest = parts.slice(at + 3);
  info.named = info.name !== '';
}

/** A GET or DELETE without a name is about the collection; a selector on metadata.name lends it the name. */
function refineCollectionVerb(info: RequestInfo, query: URLSearchParams): void {
  if (info.named) return;
  if (info.verb === 'get') info.verb = isWatchQuery(query) ? 'watch' : 'list';
  else {
    // A rule for one name must not reach a whole collection.
    if (info.verb === 'delete') info.verb = 'deletecollection';
    return;
  }
  const name = query.has('fieldSelector') ? selectedName(query) : undefined;
  if (name !== undefined && isPathSegmentName(name)) info.name = name;
}

/** Whether `watch` is asked for: any value but `false` and `0` counts, the empty one too. */
function isWatchQuery(query: URLSearchParams): boolean {
  const value = query.get('watch');
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}

/** The name that the field selector demands; undefined also when other options are so wrong that none count. */
function selectedName(query: URLSearchParams): string | undefined {
  for (const option of ['limit', 'timeoutSeconds']) {
    const value = query.get(option);
    if (value !== null && !/^[+-]?\d+$/.test(value)) return undefined;
  }
  try {
    parseLabelSelector(query.get('labelSelector') ?? '');
    const terms = parseFieldSelector(query.get('fieldSelector') ?? '');
    return terms.find(({ field, operator }) => field === 'metadata.name' && operator === '=')?.value;
  } catch {
    return undefined;
  }
}

/** Whether a name can stand as one path segment. */
function isPathSegmentName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('%');
}

function decodePath(pathname: string): string {
  if (!pathname.includes('%')) return pathname;
  try {
    return decodeURIComponent(pathname);
  } catch {
    throw badRequest(`invalid URL escape in path "${pathname}"`);
  }
}
