/** Conflicts of an apply. Upstream: apimachinery/pkg/util/managedfields/internal/conflict.go. */

import { quote } from '../quote.ts';
import { StatusError } from '../status.ts';
import { type FieldSet, pathsOf, pathText } from './field-set.ts';
import type { Manager, Managers } from './managers.ts';

export interface ApplyConflict {
  manager: Manager;
  /** Elements of the path. */
  path: readonly string[];
}

/** All conflicting fields, by manager. */
export function conflictsOf(managers: Managers, sets: ReadonlyMap<string, FieldSet>): ApplyConflict[] {
  const out: ApplyConflict[] = [];
  for (const id of [...sets.keys()].sort()) {
    for (const path of pathsOf(sets.get(id)!)) out.push({ manager: managers.get(id)!, path });
  }
  return out;
}

/** 409 with every conflict as a cause. */
export function conflictError(conflicts: readonly ApplyConflict[]): StatusError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${managerText(manager)}`,
    field: pathText(path),
  }));
  return new StatusError(409, 'Conflict', message(conflicts), { causes });
}

function message(conflicts: readonly ApplyConflict[]): string {
  const [only] = conflicts;
  if (conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${managerText(only!.manager)}: ${pathText(only!.path)}`;
  }
  const lines: string[] = [];
  let manager: Manager | undefined;
  for (const conflict of conflicts) {
    if (conflict.manager !== manager) lines.push(`conflicts with ${managerText(conflict.manager)}:`);
    manager = conflict.manager;
    lines.push(`- ${pathText(conflict.path)}`);
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function managerText(manager: Manager): string {
  const name = quote(manager.name);
  const where = manager.subresource === '' ? name : `${name} with subresource ${quote(manager.subresource)}`;
  return manager.operation === 'Update' ? `${where} using ${manager.apiVersion}` : where;
}
