/** Query parameters of writes, checked as upstream checks CreateOptions, UpdateOptions and PatchOptions. */

import { quote } from '../../machinery/quote.ts';
import { type FieldError, invalid } from '../../machinery/status.ts';
import type { RequestScope } from '../scope.ts';

export interface WriteOptions {
  dryRun: boolean;
  /** Empty when the client names none. */
  fieldManager: string;
  fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  /** The validation that the client named; empty when it named none. */
  givenValidation?: string;
  force: boolean;
  /** The object carries its managed fields already. */
  recorded?: boolean;
}

export type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions';

const MAX_MANAGER_LENGTH = 128;
const VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'];

/** Options of `scope`; throws 422 naming `kind`. `apply` is for server-side apply. */
export function parseWriteOptions(scope: RequestScope, kind: OptionsKind, apply = false): WriteOptions {
  const { query } = scope;
  const errors: FieldError[] = [];
  const force = query.get('force');
  const fieldManager = query.get('fieldManager') ?? '';
  const fieldValidation = query.get('fieldValidation') ?? '';
  if (kind === 'PatchOptions') checkPatchOptions(errors, { force, fieldManager, apply });
  checkManager(errors, fieldManager);
  const dryRun = checkDryRun(errors, query.getAll('dryRun'));
  if (!VALIDATIONS.includes(fieldValidation)) errors.push(unsupported('fieldValidation', fieldValidation, VALIDATIONS));
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors);
  return {
    dryRun,
    fieldManager,
    givenValidation: fieldValidation,
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as 'Ignore' | 'Warn' | 'Strict'),
    force: force !== null && force.toLowerCase() !== 'false' && force !== '0',
  };
}

function checkPatchOptions(
  errors: FieldError[],
  { force, fieldManager, apply }: { force: string | null; fieldManager: string; apply: boolean },
): void {
  if (apply) {
    if (fieldManager === '') {
      errors.push({
        type: 'FieldValueRequired',
        field: 'fieldManager',
        message: 'Required value: is required for apply patch',
      });
    }
  } else if (force !== null) {
    errors.push({
      type: 'FieldValueForbidden',
      field: 'force',
      message: 'Forbidden: may not be specified for non-apply patch',
    });
  }
}

/** Whether nothing is to be kept. `values` is the dryRun parameter as often as it is given. */
export function checkDryRun(errors: FieldError[], values: readonly string[]): boolean {
  if (values.length === 0) return false;
  if (values.some((value) => value !== 'All')) {
    errors.push({
      type: 'FieldValueNotSupported',
      field: 'dryRun',
      message: `Unsupported value: ${JSON.stringify(values)}: supported values: "All"`,
    });
  }
  return true;
}

function checkManager(errors: FieldError[], manager: string): void {
  if (new TextEncoder().encode(manager).length > MAX_MANAGER_LENGTH) {
    errors.push({
      type: 'FieldValueTooLong',
      field: 'fieldManager',
      message: `Too long: may not be more than ${MAX_MANAGER_LENGTH} bytes`,
    });
  }
  let position = 0;
  for (const char of manager) {
    if (/\p{C}|\p{Zl}|\p{Zp}/u.test(char)) {
      const code = char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
      errors.push({
        type: 'FieldValueInvalid',
        field: 'fieldManager',
        message: `Invalid value: ${quote(manager)}: invalid character U+${code} (at position ${position})`,
      });
      return;
    }
    position++;
  }
}

/** A value outside a closed set. Upstream: field.NotSupported. */
export function unsupported(field: string, value: string, supported: readonly string[]): FieldError {
  const known = supported.map((s) => quote(s)).join(', ');
  return {
    type: 'FieldValueNotSupported',
    field,
    message: `Unsupported value: ${quote(value)}: supported values: ${known}`,
  };
}

/** The manager that managedFields names when the client gives none. Upstream: handlers.managerOrUserAgent. */
export function managerOf(scope: RequestScope, options: WriteOptions): string {
  if (options.fieldManager !== '') return options.fieldManager;
  const agent = scope.request.headers.get('user-agent') ?? '';
  const first = agent.split('/')[0]!;
  let name = '';
  for (const char of first) {
    if (name.length >= MAX_MANAGER_LENGTH) break;
    if (!/\p{C}/u.test(char)) name += char;
  }
  return name;
}
