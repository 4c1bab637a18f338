import type { LabelSelector } from '../../kinds/index.ts';

/** Whether labels satisfy a selector. An absent selector selects nothing, an empty one everything. */
export function matchesLabels(
  selector: LabelSelector | null | undefined,
  labels: Record<string, string> = {},
): boolean {
  if (!selector) return false;
  for (const name in selector.matchLabels) if (labels[name] !== selector.matchLabels[name]) return false;
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return false;
    }
  });
}

/** Whether every pair of `selector` is among the labels. */
export function matchesPairs(selector: Record<string, string>, labels: Record<string, string> = {}): boolean {
  for (const name in selector) if (labels[name] !== selector[name]) return false;
  return true;
}

export function isEmptySelector(selector: LabelSelector | null | undefined): boolean {
  return (
    !!selector && Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0
  );
}

/** A selector in the form of the `labelSelector` parameter. */
export function formatSelector(selector: LabelSelector | null | undefined): string {
  const parts = Object.entries(selector?.matchLabels ?? {}).map(([name, value]) => `${name}=${value}`);
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    if (operator === 'In') parts.push(`${key} in (${values.join(',')})`);
    else if (operator === 'NotIn') parts.push(`${key} notin (${values.join(',')})`);
    else parts.push(operator === 'Exists' ? key : `!${key}`);
  }
  return parts.join(',');
}
