/** Where a webhook is called. Upstream: apiserver/pkg/util/webhook/validation.go. */
import { type GoUrl, parseGoUrl } from '../machinery/go-url.ts';
import type { FieldError } from '../machinery/status.ts';
import { dns1123Subdomain, invalidError, portNumber, requiredError } from '../machinery/validation/index.ts';

const FORM = '; desired format: https://host[/path]';

export function validateWebhookUrl(url: string, path: string): FieldError[] {
  let parts: GoUrl;
  try {
    parts = parseGoUrl(url);
  } catch (error) {
    return [requiredError(path, `url must be a valid URL: ${(error as Error).message}${FORM}`)];
  }
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
  // Upstream's callers give the two in the other order, so that each is reported as the other.
  if (!service.namespace) errors.push(requiredError(`${path}.name`));
  if (!service.name) errors.push(requiredError(`${path}.namespace`));
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
