/** What clients are told of finalizers with names that others may use. Upstream: customresource/validator.go. */
import type { KubeObject } from '../meta.ts';
import { quote } from '../quote.ts';
import { qualifiedName } from '../validation/index.ts';

const STANDARD: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

/** Warnings of the finalizers that `old` does not have. */
export function finalizerWarnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const before = new Set(old?.metadata.finalizers ?? []);
  const added = [...new Set(object.metadata.finalizers ?? [])].filter((name) => !before.has(name)).sort();
  return added.flatMap(warningsOf);
}

function warningsOf(name: string): string[] {
  const head = `metadata.finalizers: ${quote(name)}: `;
  const warnings = qualifiedName(name).map((why) => `${head}${why}`);
  if (name.includes('/') || STANDARD.has(name)) return warnings;
  const how = name.includes('.') ? ' including a path (/)' : '';
  const advice = `prefer a domain-qualified finalizer name${how} to avoid accidental conflicts with other finalizer writers`;
  return [...warnings, `${head}${advice}`];
}
