/** Names in the API of devices. Upstream: pkg/apis/resource/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  cIdentifier,
  dns1123Label,
  dns1123Subdomain,
  invalidError,
  invalidErrors,
  labelKey,
  labelValue,
  requiredError,
  tooLongError,
} from '../../../machinery/validation/index.ts';
import { validateDriverName } from '../../driver-name.ts';

const MAX_POOL = 253;
const MAX_ID = 32;
const MAX_DOMAIN = 63;
/** Longest key of attributes and capacities: domain, slash, identifier. */
export const MAX_KEY = MAX_DOMAIN + 1 + MAX_ID;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const LOOSE_UUID = /^(urn:uuid:|\{)?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$/i;

/** A label, for devices, requests and counters. */
export const validateLabelName = (name: string | undefined, path: string): FieldError[] =>
  invalidErrors(path, name ?? '', dns1123Label(name ?? ''));

export const validateSubdomain = (name: string, path: string): FieldError[] =>
  invalidErrors(path, name, dns1123Subdomain(name));

export const validateKey = (key: string, path: string): FieldError[] => invalidErrors(path, key, labelKey(key));

export const validateValue = (value: string | undefined, path: string): FieldError[] =>
  value ? invalidErrors(path, value, labelValue(value)) : [];

/** Subdomains joined by slashes. */
export function validatePoolName(name: string | undefined, path: string): FieldError[] {
  if (!name) return [requiredError(path)];
  const errors = name.length > MAX_POOL ? [tooLongError(path, MAX_POOL)] : [];
  return [...errors, ...name.split('/').flatMap((part) => validateSubdomain(part, path))];
}

function validateIdentifier(id: string, path: string): FieldError[] {
  const errors = id.length > MAX_ID ? [tooLongError(path, MAX_ID)] : [];
  return [...errors, ...invalidErrors(path, id, cIdentifier(id))];
}

/** An identifier with or without a domain; more than one slash is let through, as upstream does. */
export function validateQualifiedName(name: string, path: string): FieldError[] {
  const [first = '', second, ...rest] = name.split('/');
  if (second === undefined) return validateIdentifier(first, path);
  if (rest.length > 0) return [];
  return [
    ...(first === '' ? [invalidError(path, '', 'the domain must not be empty')] : validateDriverName(first, path)),
    ...(second === '' ? [invalidError(path, '', 'the name must not be empty')] : validateIdentifier(second, path)),
  ];
}

export function validateFullName(name: string, path: string): FieldError[] {
  const errors = validateQualifiedName(name, path);
  if (!name.includes('/'))
    errors.push(invalidError(path, name, 'a fully qualified name must be a domain and a name separated by a slash'));
  return errors;
}

export function validateUid(uid: string, path: string): FieldError[] {
  if (UUID.test(uid)) return [];
  const why = LOOSE_UUID.test(uid)
    ? 'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters'
    : `error validating uid: invalid UUID ${[36, 45, 38, 32].includes(uid.length) ? 'format' : `length: ${uid.length}`}`;
  return [invalidError(path, uid, why)];
}
