/** Requests and limits. Upstream: core/validation ValidateContainerResourceRequirements. */
import { parseQuantity, type Quantity } from '../../../../machinery/quantity.ts';
import type { FieldError } from '../../../../machinery/status.ts';
import {
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  NON_NEGATIVE,
  qualifiedName,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import type { ResourceRequirements } from '../../../generated/types/core-v1.ts';

const STANDARD = new Set(['cpu', 'memory', 'ephemeral-storage']);
/** Standard names of other places (quotas, claims), which a container may not ask for. */
const ELSEWHERE = new Set([
  'storage',
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);
const NO_NATIVE = 'must be a standard resource for containers';

export const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
const isNative = (name: string): boolean =>
  !name.includes('/') || name.startsWith('kubernetes.io/') || name.split('/')[0]?.endsWith('.kubernetes.io') === true;
/** Resources of devices and the like: whole numbers, and never promised twice. */
export const isExtended = (name: string): boolean => !isNative(name) && !name.startsWith('requests.');
const overcommits = (name: string): boolean => isNative(name) && !isHugePages(name);

function validateName(name: string, path: string): FieldError[] {
  const texts = qualifiedName(name);
  if (texts.length > 0)
    return [...invalidErrors(path, name, texts), ...(name.includes('/') ? [] : [invalidError(path, name, NO_NATIVE)])];
  if (name.includes('/')) return [];
  if (STANDARD.has(name) || isHugePages(name)) return [];
  if (ELSEWHERE.has(name)) return [invalidError(path, name, NO_NATIVE)];
  return [
    invalidError(path, name, 'must be a standard resource type or fully qualified'),
    invalidError(path, name, NO_NATIVE),
  ];
}

function validateQuantity(name: string, quantity: Quantity, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (quantity.sign < 0) errors.push(invalidError(path, quantity.toString(), NON_NEGATIVE));
  if (isExtended(name) && quantity.milliValue() % 1000 !== 0)
    errors.push(invalidError(path, quantity.toString(), 'must be an integer'));
  return errors;
}

export function validateResources(
  resources: ResourceRequirements,
  path: string,
  claims: ReadonlySet<string>,
): FieldError[] {
  const { limits = {}, requests = {} } = resources;
  const errors: FieldError[] = [];
  for (const [name, text] of Object.entries(limits)) {
    const at = `${path}.limits[${name}]`;
    errors.push(...validateName(name, at), ...validateQuantity(name, parseQuantity(text), at));
  }
  for (const [name, text] of Object.entries(requests)) {
    const at = `${path}.requests[${name}]`;
    const request = parseQuantity(text);
    errors.push(...validateName(name, at), ...validateQuantity(name, request, at));
    const limit = limits[name];
    if (limit === undefined) {
      if (!overcommits(name))
        errors.push(requiredError(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
      continue;
    }
    const order = request.compare(parseQuantity(limit));
    if (!overcommits(name) && order !== 0)
      errors.push(invalidError(`${path}.requests`, text, `must be equal to ${name} limit of ${limit}`));
    else if (order > 0)
      errors.push(invalidError(`${path}.requests`, text, `must be less than or equal to ${name} limit of ${limit}`));
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.some((name) => name === 'cpu' || name === 'memory')) {
    errors.push(forbiddenError(path, 'HugePages require cpu or memory'));
  }
  return [...errors, ...validateClaims(resources, `${path}.claims`, claims)];
}

function validateClaims(resources: ResourceRequirements, path: string, known: ReadonlySet<string>): FieldError[] {
  const seen = new Set<string>();
  return (resources.claims ?? []).flatMap(({ name, request }, index): FieldError[] => {
    const at = `${path}[${index}]`;
    const key = request ? `${name}/${request}` : name;
    if (name === '') return [requiredError(`${at}.name`)];
    const errors: FieldError[] = [];
    if (seen.has(key)) errors.push(duplicateError(at, key));
    seen.add(key);
    if (!known.has(name)) {
      const list = known.size === 0 ? 'which is empty' : `: ${[...known].sort().join(', ')}`;
      const text =
        known.size === 0
          ? `must be one of the names in pod.spec.resourceClaims which is empty`
          : `must be one of the names in pod.spec.resourceClaims${list}`;
      errors.push({ type: 'FieldValueNotFound', field: at, message: `Not found: ${JSON.stringify(name)}: ${text}` });
    }
    return errors;
  });
}
