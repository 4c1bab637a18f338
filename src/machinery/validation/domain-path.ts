/** Paths below a domain: `acme.io/foo`. Upstream: apimachinery util/validation.IsDomainPrefixedPath. */
import type { FieldError } from '../status.ts';
import { invalidError, invalidErrors, requiredError } from './field-error.ts';
import { dns1123Subdomain, regexText } from './formats.ts';

const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

export function domainPrefixedPath(value: string, field: string): FieldError[] {
  if (value === '') return [requiredError(field)];
  const slash = value.indexOf('/');
  const path = value.slice(slash + 1);
  if (slash <= 0 || path === '')
    return [invalidError(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const host = value.slice(0, slash);
  const errors = invalidErrors(field, host, dns1123Subdomain(host));
  if (!new RegExp(`^${HTTP_PATH}$`).test(path))
    errors.push(invalidError(field, path, regexText('Invalid path', HTTP_PATH)));
  return errors;
}
