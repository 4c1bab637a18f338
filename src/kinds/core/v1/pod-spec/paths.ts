/** Paths inside volumes. Upstream: core/validation validateLocalDescendingPath and its relatives. */
import type { FieldError } from '../../../../machinery/status.ts';
import { invalidError } from '../../../../machinery/validation/index.ts';

export const noBacksteps = (value: string, path: string): FieldError[] =>
  value.split('/').includes('..') ? [invalidError(path, value, "must not contain '..'")] : [];

/** A path below the volume's root. */
export const localPath = (value: string, path: string): FieldError[] => [
  ...(value.startsWith('/') ? [invalidError(path, value, 'must be a relative path')] : []),
  ...noBacksteps(value, path),
];

/** `localPath` for files, whose names may not look like those that the node keeps for itself. */
export const localFilePath = (value: string, path: string): FieldError[] => [
  ...localPath(value, path),
  ...(value.startsWith('..') && !value.startsWith('../')
    ? [invalidError(path, value, "must not start with '..'")]
    : []),
];
