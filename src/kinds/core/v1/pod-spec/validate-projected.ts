/** Volumes made of several sources. Upstream: core/validation validateProjectionSources. */
import type { FieldError } from '../../../../machinery/status.ts';
import { forbiddenError, invalidError, requiredError } from '../../../../machinery/validation/index.ts';
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  VolumeProjection,
} from '../../../generated/types/core-v1.ts';
import { localFilePath } from './paths.ts';
import { VOLUME_FIELDS, validateFieldRef, validateResourceFieldRef } from './validate-env.ts';

const MAX_MODE = 0o777;
const MODE_TEXT = 'must be a number between 0 and 0777 (octal), both inclusive';
const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;

export function validateMode(mode: number | undefined, path: string): FieldError[] {
  return mode === undefined || (mode >= 0 && mode <= MAX_MODE) ? [] : [invalidError(path, mode, MODE_TEXT)];
}

function validateItem(item: KeyToPath, path: string): FieldError[] {
  const errors = item.key ? [] : [requiredError(`${path}.key`)];
  if (!item.path) errors.push(requiredError(`${path}.path`));
  return [...errors, ...localFilePath(item.path ?? '', `${path}.path`), ...validateMode(item.mode, `${path}.mode`)];
}

export const validateItems = (items: readonly KeyToPath[] | undefined, path: string): FieldError[] =>
  (items ?? []).flatMap((item, index) => validateItem(item, `${path}[${index}]`));

export function validateDownwardFile(file: DownwardAPIVolumeFile, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!file.path) errors.push(requiredError(`${path}.path`));
  errors.push(...localFilePath(file.path ?? '', `${path}.path`));
  if (file.fieldRef) {
    errors.push(...validateFieldRef(file.fieldRef, `${path}.fieldRef`, VOLUME_FIELDS));
    if (file.resourceFieldRef)
      errors.push(invalidError(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
  } else if (file.resourceFieldRef)
    errors.push(...validateResourceFieldRef(file.resourceFieldRef, `${path}.resourceFieldRef`, true));
  else errors.push(requiredError(path, 'one of fieldRef and resourceFieldRef is required'));
  return [...errors, ...validateMode(file.mode, `${path}.mode`)];
}

export function validateProjected(projected: ProjectedVolumeSource, path: string): FieldError[] {
  const errors = validateMode(projected.defaultMode, `${path}.defaultMode`);
  const taken = new Set<string>();
  for (const [index, source] of (projected.sources ?? []).entries())
    errors.push(...validateProjection(source, { path, at: `${path}.sources[${index}]`, taken }));
  return errors;
}

interface Place {
  path: string;
  at: string;
  /** Files that earlier sources write. */
  taken: Set<string>;
}

function validateProjection(source: VolumeProjection, { path, at, taken }: Place): FieldError[] {
  const errors: FieldError[] = [];
  const { secret, configMap, downwardAPI, serviceAccountToken } = source;
  const take = (file: string | undefined, shown: string): void => {
    if (!file) return;
    if (taken.has(file)) errors.push(invalidError(path, shown, 'conflicting duplicate paths'));
    taken.add(file);
  };
  for (const [name, part] of [
    ['secret', secret],
    ['configMap', configMap],
  ] as const) {
    if (!part) continue;
    if (!part.name) errors.push(requiredError(`${at}.${name}.name`));
    for (const [index, item] of (part.items ?? []).entries()) {
      errors.push(...validateItem(item, `${at}.${name}.items[${index}]`));
      take(item.path, part.name ?? '');
    }
  }
  for (const file of downwardAPI?.items ?? []) {
    errors.push(...validateDownwardFile(file, `${at}.downwardAPI`));
    take(file.path, file.path);
  }
  if (serviceAccountToken) {
    const seconds = serviceAccountToken.expirationSeconds ?? 0;
    const field = `${at}.serviceAccountToken.expirationSeconds`;
    if (seconds < MIN_TOKEN_SECONDS)
      errors.push(invalidError(field, seconds, 'may not specify a duration less than 10 minutes'));
    if (seconds > MAX_TOKEN_SECONDS)
      errors.push(invalidError(field, seconds, 'may not specify a duration larger than 2^32 seconds'));
    if (!serviceAccountToken.path) errors.push(requiredError(`${path}.path`));
    else errors.push(...localFilePath(serviceAccountToken.path, `${path}.path`));
  }
  if ([secret, configMap, downwardAPI, serviceAccountToken].filter((part) => part !== undefined).length > 1)
    errors.push(forbiddenError(at, 'may not specify more than 1 volume type per source'));
  return errors;
}
