import { quote } from '../../../machinery/quote.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  invalidError,
  requiredError,
  tooLongError,
} from '../../../machinery/validation/index.ts';

const MAX_DOMAIN = 253;
/** A domain, a slash, and a path of a subdomain, a dot and a label. */
const MAX_NAME = MAX_DOMAIN + 1 + 253 + 1 + 63;

/** `domain/path`: who signs. Upstream: core/validation ValidateSignerName. */
export function validateSignerName(name: string, path: string): FieldError[] {
  if (name === '') return [requiredError(path)];
  const segments = name.split('/');
  if (segments.length !== 2)
    return [
      invalidError(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
    ];
  const [domain = '', rest = ''] = segments;
  const errors: FieldError[] = [];
  if (domain.length > MAX_DOMAIN) errors.push(tooLongError(path, MAX_DOMAIN));
  const labels = domain.split('.');
  errors.push(...firstBad(labels, dns1123Label).map((text) => invalidError(path, domain, text)));
  if (labels.length < 2)
    errors.push(invalidError(path, domain, 'should be a domain with at least two segments separated by dots'));
  errors.push(...firstBad(rest.split('.'), dns1123Subdomain).map((text) => invalidError(path, rest, text)));
  if (name.length > MAX_NAME) errors.push(tooLongError(path, MAX_NAME));
  return errors;
}

/** The faults of the first part that has any. */
function firstBad(parts: readonly string[], rule: (part: string) => string[]): string[] {
  for (const part of parts) {
    const texts = rule(part);
    if (texts.length > 0) return texts.map((text) => `validating label ${quote(part)}: ${text}`);
  }
  return [];
}
