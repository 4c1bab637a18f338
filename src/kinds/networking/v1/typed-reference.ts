import type { FieldError } from '../../../machinery/status.ts';
import { dns1123Subdomain, invalidErrors, pathSegment, requiredError } from '../../../machinery/validation/index.ts';

interface TypedReference {
  apiGroup?: string | null;
  kind?: string;
  name?: string;
}

/** An object of any kind. Upstream: networking/validation validateIngressTypedLocalObjectReference. */
export function validateTypedReference(reference: TypedReference, path: string): FieldError[] {
  const apiGroup = reference.apiGroup ?? undefined;
  const errors = apiGroup === undefined ? [] : invalidErrors(`${path}.apiGroup`, apiGroup, dns1123Subdomain(apiGroup));
  for (const field of ['kind', 'name'] as const) {
    const value = reference[field] ?? '';
    if (value === '') errors.push(requiredError(`${path}.${field}`));
    else errors.push(...invalidErrors(`${path}.${field}`, value, pathSegment(value)));
  }
  return errors;
}
