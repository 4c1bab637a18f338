/** Rules of config maps and secrets. Upstream: core/validation. */
import { memberOf } from '../../../machinery/own-member.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  configMapKey,
  forbiddenError,
  invalidError,
  invalidErrors,
  requiredError,
  tooLongError,
} from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type { ConfigMap, Secret } from '../../generated/types/core-v1.ts';
import { jsonObjectError } from '../../json-error.ts';

/** Bytes that the values of one object may have together. */
const MAX_SIZE = 1_048_576;
const IMMUTABLE = 'field is immutable when `immutable` is set';

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Length of what base64 stands for. */
const decodedLength = (text: string): number =>
  (text.length / 4) * 3 - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);

export function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...invalidErrors(`data[${key}]`, key, configMapKey(key)));
    if (Object.hasOwn(binaryData, key))
      errors.push(invalidError(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    size += value.length > MAX_SIZE / 4 ? byteLength(value) : value.length;
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...invalidErrors(`binaryData[${key}]`, key, configMapKey(key)));
    size += decodedLength(value);
  }
  if (size > MAX_SIZE) errors.push(tooLongError('[]', MAX_SIZE));
  return errors;
}

export function validateConfigMapUpdate(map: ConfigMap, old: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  if (old.immutable === true) {
    if (map.immutable !== true) errors.push(forbiddenError('immutable', IMMUTABLE));
    for (const field of ['data', 'binaryData'] as const)
      if (!equalJson(map[field] ?? {}, old[field] ?? {})) errors.push(forbiddenError(field, IMMUTABLE));
  }
  return [...errors, ...validateConfigMap(map)];
}

/** Keys that a secret of a type must have. */
const SECRET_KEYS: Readonly<Record<string, readonly string[]>> = { 'kubernetes.io/tls': ['tls.crt', 'tls.key'] };
/** Keys that must hold JSON. */
const JSON_KEYS: Readonly<Record<string, string>> = {
  'kubernetes.io/dockercfg': '.dockercfg',
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
};

export function validateSecret({ data = {}, type = '', metadata }: Secret): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...invalidErrors(`data[${key}]`, key, configMapKey(key)));
    size += decodedLength(value);
  }
  if (size > MAX_SIZE) errors.push(tooLongError('data', MAX_SIZE));
  const account = 'kubernetes.io/service-account.name';
  if (type === 'kubernetes.io/service-account-token' && !metadata.annotations?.[account])
    errors.push(requiredError(`metadata.annotations[${account}]`));
  for (const key of memberOf(SECRET_KEYS, type) ?? [])
    if (!Object.hasOwn(data, key)) errors.push(requiredError(`data[${key}]`));
  if (type === 'kubernetes.io/ssh-auth' && !data['ssh-privatekey']) errors.push(requiredError('data[ssh-privatekey]'));
  const config = memberOf(JSON_KEYS, type);
  if (config !== undefined) errors.push(...validateJson(data, config));
  if (type === 'kubernetes.io/basic-auth' && !Object.hasOwn(data, 'username') && !Object.hasOwn(data, 'password')) {
    errors.push(requiredError('data[username]'), requiredError('data[password]'));
  }
  return errors;
}

/** The credentials of a registry are a JSON object; what is in it stays out of messages. */
function validateJson(data: Readonly<Record<string, string>>, key: string): FieldError[] {
  const encoded = data[key];
  if (encoded === undefined) return [requiredError(`data[${key}]`)];
  const text = new TextDecoder().decode(Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0)));
  const why = jsonObjectError(text);
  return why === undefined ? [] : [invalidError(`data[${key}]`, '<secret contents redacted>', why)];
}

export function validateSecretUpdate(secret: Secret, old: Secret): FieldError[] {
  const errors: FieldError[] =
    secret.type === old.type ? [] : [invalidError('type', secret.type, 'field is immutable')];
  if (old.immutable === true) {
    if (secret.immutable !== true) errors.push(forbiddenError('immutable', IMMUTABLE));
    if (!equalJson(secret.data ?? {}, old.data ?? {})) errors.push(forbiddenError('data', IMMUTABLE));
  }
  return [...errors, ...validateSecret(secret)];
}
