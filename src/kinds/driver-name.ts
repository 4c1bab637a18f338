import type { FieldError } from '../machinery/status.ts';
import { dns1123Subdomain, invalidErrors, requiredError, tooLongError } from '../machinery/validation/index.ts';

const MAX_LENGTH = 63;

/** The name of a CSI or device driver. Upstream: core/validation ValidateCSIDriverName. */
export function validateDriverName(name: string | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!name) return [requiredError(path)];
  if (name.length > MAX_LENGTH) errors.push(tooLongError(path, MAX_LENGTH));
  return [...errors, ...invalidErrors(path, name, dns1123Subdomain(name.toLowerCase()))];
}
