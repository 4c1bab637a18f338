/** Where a webhook is called. Upstream: apiserver/pkg/util/webhook/validation.go. */
import type { FieldError } from '../machinery/status.ts';
import { dns1123Subdomain, invalidError, portNumber, requiredError } from '../machinery/validation/index.ts';

const FORM = '; desired format: https://host[/path]';

interface UrlParts {
  scheme: string;
  user: string | undefined;
  host: string;
  query: string;
  fragment: string;
}

/** The parts of a URL as Go sees them, which takes what browsers refuse; undefined for what it refuses too. */
function splitUrl(text: string): UrlParts | undefined {
  if ([...text].some((char) => char < ' ' || char === '\u007f') || text.startsWith(':')) return undefined;
  const [beforeFragment = '', ...fragment] = text.split('#');
  const [beforeQuery = '', ...query] = beforeFragment.split('?');
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(beforeQuery)?.[1] ?? '';
  const rest = scheme === '' ? beforeQuery : beforeQuery.slice(scheme.length + 1);
  if (scheme === '' && /^[^/]*:/.test(rest)) return undefined;
  const authority = rest.startsWith('//') ? (rest.slice(2).split('/')[0] ?? '') : '';
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  if (/[ <>"{}|\\^`]/.test(host) || /%(?![0-9a-fA-F]{2})/.test(rest)) return undefined;
  return {
    scheme: scheme.toLowerCase(),
    user: at < 0 ? undefined : authority.slice(0, at),
    host,
    query: query.join('?'),
    fragment: fragment.join('#'),
  };
}

export function validateWebhookUrl(url: string, path: string): FieldError[] {
  const parts = splitUrl(url);
  if (!parts) return [requiredError(path, `url must be a valid URL: parse ${JSON.stringify(url)}: invalid URL${FORM}`)];
  const errors: FieldError[] = [];
  if (parts.scheme !== 'https')
    errors.push(invalidError(path, parts.scheme, `'https' is the only allowed URL scheme${FORM}`));
  if (parts.host === '') errors.push(invalidError(path, '', `host must be specified${FORM}`));
  if (parts.user !== undefined)
    errors.push(invalidError(path, parts.user, 'user information is not permitted in the URL'));
  if (parts.fragment !== '') errors.push(invalidError(path, parts.fragment, 'fragments are not permitted in the URL'));
  if (parts.query !== '') errors.push(invalidError(path, parts.query, 'query parameters are not permitted in the URL'));
  return errors;
}

interface ServiceTarget {
  name?: string;
  namespace?: string;
  path?: string | undefined;
  port?: number | undefined;
}

export function validateWebhookService(service: ServiceTarget, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['name', 'namespace'] as const)
    if (!service[field]) errors.push(requiredError(`${path}.${field}`));
  const port = service.port ?? 0;
  const faults = portNumber(port);
  if (faults.length > 0) errors.push(invalidError(`${path}.port`, port, `port is not valid: ${faults.join(', ')}`));
  const { path: where } = service;
  return where ? [...errors, ...pathFaults(where).map((text) => invalidError(`${path}.path`, where, text))] : errors;
}

function pathFaults(path: string): string[] {
  if (path === '/') return [];
  if (path === '//') return ['segment[0] may not be empty'];
  const faults = path.startsWith('/') ? [] : ["must start with a '/'"];
  for (const [index, step] of path.slice(1).replace(/\/$/, '').split('/').entries()) {
    if (step === '') faults.push(`segment[${index}] may not be empty`);
    else faults.push(...dns1123Subdomain(step).map((text) => `segment[${index}]: ${text}`));
  }
  return faults;
}
