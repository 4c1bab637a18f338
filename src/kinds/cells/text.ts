/** Parts that cells of several kinds share. Upstream: kubernetes/pkg/printers/internalversion. */

import { formatAge } from '../../machinery/age.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type { LabelSelector } from '../generated/types/meta-v1.ts';

export const NONE = '<none>';
export const UNKNOWN = '<unknown>';
export const UNSET = '<unset>';

export const age = (object: KubeObject, now: number): string => formatAge(object.metadata.creationTimestamp, now);

export const nameOf = (object: KubeObject): string => object.metadata.name ?? '';

export const orNone = (text: string | undefined): string => (text === undefined || text === '' ? NONE : text);

/** Names and images of containers, joined by commas. */
export function containerColumns(
  containers: readonly { name: string; image?: string }[] | undefined,
): [string, string] {
  const list = containers ?? [];
  return [list.map((container) => container.name).join(','), list.map((container) => container.image ?? '').join(',')];
}

/** `a=b,c=d`, or `<none>`. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? NONE : pairs.sort().join(',');
}

const OPERATORS: Record<string, string> = { In: 'in', NotIn: 'notin' };

/** `a=b,c in (d,e),!f`. Upstream: metav1.FormatLabelSelector. */
export function formatSelector(selector: LabelSelector | undefined | null): string {
  const labels = Object.entries(selector?.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${OPERATORS[operator] ?? operator} (${[...(values ?? [])].sort().join(',')})`;
  });
  const text = [...labels, ...expressions].join(',');
  return text === '' ? NONE : text;
}

const ACCESS_MODES: readonly [string, string][] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];

export function formatAccessModes(modes: readonly string[] | undefined): string {
  return ACCESS_MODES.filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}
