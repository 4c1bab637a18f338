/** Whether labels meet a selector. Upstream: labels.Selector Matches, metav1.LabelSelectorAsSelector. */
import { memberOf } from '../own-member.ts';
import type { LabelRequirement } from './labels.ts';

/** A LabelSelector as API objects carry it. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** Whether `labels` meet every requirement. */
export function matchesLabels(
  requirements: readonly LabelRequirement[],
  labels: Readonly<Record<string, string>>,
): boolean {
  return requirements.every((requirement) => matchesOne(requirement, labels[requirement.key]));
}

function matchesOne({ operator, values }: LabelRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
    default:
      return value !== undefined && /^[-+]?\d+$/.test(value) && compare(operator, Number(value), Number(values[0]));
  }
}

const compare = (operator: 'gt' | 'lt', a: number, b: number): boolean => (operator === 'gt' ? a > b : a < b);

const OPERATORS: Record<string, LabelRequirement['operator']> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: 'absent',
};

/** Requirements of a LabelSelector object. Null selects nothing, an empty one everything. */
export function requirementsOf(selector: LabelSelector | null | undefined): LabelRequirement[] | null {
  if (!selector) return null;
  const requirements: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    requirements.push({ key, operator: 'in', values: [value] });
  for (const expression of selector.matchExpressions ?? []) {
    const operator = memberOf(OPERATORS, expression.operator);
    if (!operator) return null;
    requirements.push({ key: expression.key, operator, values: [...(expression.values ?? [])].sort() });
  }
  return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** Whether `labels` meet a LabelSelector object. */
export function matchesSelector(
  selector: LabelSelector | null | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  const requirements = requirementsOf(selector);
  return requirements !== null && matchesLabels(requirements, labels);
}

/** A selector in the text form of queries, as `scale` shows it. Upstream: labels.Selector String. */
export function formatRequirements(requirements: readonly LabelRequirement[]): string {
  return requirements.map(formatOne).join(',');
}

function formatOne({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key;
    case 'absent':
      return `!${key}`;
    case 'gt':
      return `${key}>${values[0]}`;
    case 'lt':
      return `${key}<${values[0]}`;
    default:
      return values.length === 1 && operator === 'in'
        ? `${key}=${values[0]}`
        : `${key} ${operator} (${values.join(',')})`;
  }
}
