/** Selectors in questions about access. Upstream: apis/authorization/validation, registry/authorization/util. */
import { parseFieldSelector, parseLabelSelector } from '../../machinery/selectors/index.ts';
import type { FieldError } from '../../machinery/status.ts';
import {
  forbiddenError,
  invalidError,
  invalidErrors,
  labelKey,
  labelValue,
  requiredError,
} from '../../machinery/validation/index.ts';

interface Requirement {
  key?: string;
  operator?: string;
  values?: readonly string[] | null;
}

export interface SelectorAttributes {
  rawSelector?: string;
  requirements?: readonly Requirement[] | null;
}

type SelectorField = 'fieldSelector' | 'labelSelector';

const PATH = 'spec.resourceAttributes';

/** What is wrong with the selectors of a question; operators that are not known are for newer clients. */
export function selectorErrors(asked: Partial<Record<SelectorField, SelectorAttributes | null>>): FieldError[] {
  return (['fieldSelector', 'labelSelector'] as const).flatMap((field) => {
    const selector = asked[field];
    if (!selector) return [];
    const at = `${PATH}.${field}`;
    const { rawSelector = '', requirements } = selector;
    const list = requirements ?? [];
    const errors: FieldError[] = [];
    if (rawSelector !== '' && list.length > 0)
      errors.push(invalidError(`${at}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'));
    if (rawSelector === '' && list.length === 0) {
      const why = `when ${at} is specified, requirements or rawSelector is required`;
      errors.push(requiredError(`${at}.requirements`, why));
    }
    const rule = field === 'labelSelector' ? labelRequirementErrors : fieldRequirementErrors;
    return [...errors, ...list.flatMap((requirement, index) => rule(requirement, `${at}.requirements[${index}]`))];
  });
}

function valuesErrors({ operator, values }: Requirement, path: string): FieldError[] {
  const count = values?.length ?? 0;
  if ((operator === 'In' || operator === 'NotIn') && count === 0)
    return [requiredError(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
  if ((operator === 'Exists' || operator === 'DoesNotExist') && count > 0)
    return [forbiddenError(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
  return [];
}

const labelRequirementErrors = (requirement: Requirement, path: string): FieldError[] => [
  ...valuesErrors(requirement, path),
  ...invalidErrors(`${path}.key`, requirement.key ?? '', labelKey(requirement.key ?? '')),
  ...(requirement.values ?? []).flatMap((value, index) =>
    invalidErrors(`${path}.values[${index}]`, value, labelValue(value)),
  ),
];

const fieldRequirementErrors = (requirement: Requirement, path: string): FieldError[] => [
  ...(requirement.key ? [] : [requiredError(`${path}.key`, 'must be specified')]),
  ...valuesErrors(requirement, path),
];

/** A selector as text, and what to tell of parts that were left out: without them the question is only broader. */
export interface ReadSelector {
  text: string;
  fault?: string;
}

export function readSelector(selector: SelectorAttributes | null | undefined, field: SelectorField): ReadSelector {
  if (!selector) return { text: '' };
  const ignored = `${PATH}.${field} ignored due to parse error`;
  if (selector.rawSelector) {
    const parse = field === 'labelSelector' ? parseLabelSelector : parseFieldSelector;
    try {
      parse(selector.rawSelector);
      return { text: selector.rawSelector };
    } catch {
      return { text: '', fault: ignored };
    }
  }
  const term = field === 'labelSelector' ? labelTerm : fieldTerm;
  const list = selector.requirements ?? [];
  const terms = list.map(term).filter((part) => part !== undefined);
  const text = terms.join(',');
  if (terms.length === list.length) return { text };
  return { text, fault: terms.length > 0 ? ignored.replace(' ignored', ' partially ignored') : ignored };
}

function labelTerm({ key = '', operator, values }: Requirement): string | undefined {
  const list = `(${(values ?? []).join(',')})`;
  if (operator === 'In') return `${key} in ${list}`;
  if (operator === 'NotIn') return `${key} notin ${list}`;
  if (operator === 'Exists') return key;
  return operator === 'DoesNotExist' ? `!${key}` : undefined;
}

/** Fields are compared with one value. */
function fieldTerm({ key = '', operator, values }: Requirement): string | undefined {
  if (values?.length !== 1 || (operator !== 'In' && operator !== 'NotIn')) return undefined;
  const value = values[0]?.replace(/[\\,=]/g, '\\$&');
  return `${key}${operator === 'In' ? '=' : '!='}${value}`;
}
