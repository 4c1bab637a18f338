/** Names of resources and what they may be asked for. Upstream: core/helper, core/validation validateResourceName. */
import { parseQuantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { invalidError, invalidErrors, NON_NEGATIVE, qualifiedName } from '../../../machinery/validation/index.ts';

const CONTAINER = new Set(['cpu', 'memory', 'ephemeral-storage']);
const COUNTED = [
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const WHOLE = new Set(COUNTED);
const QUOTA = new Set([
  ...CONTAINER,
  ...COUNTED,
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
]);
const STANDARD = new Set([...QUOTA, 'storage']);

export const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
export const isNativeResource = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');

/** Resources of devices and the like: whole numbers, and never promised twice. */
const isExtendedResource = (name: string): boolean =>
  !isNativeResource(name) && !name.startsWith('requests.') && qualifiedName(`requests.${name}`).length === 0;
export const overcommits = (name: string): boolean => isNativeResource(name) && !isHugePages(name);

const isStandard = (name: string): boolean =>
  STANDARD.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-');
export const isQuotaResource = (name: string): boolean =>
  QUOTA.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-');

export function validateResourceName(name: string, path: string): FieldError[] {
  const errors = invalidErrors(path, name, qualifiedName(name));
  if (errors.length > 0 || name.includes('/') || isStandard(name)) return errors;
  return [invalidError(path, name, 'must be a standard resource type or fully qualified')];
}

export function validateContainerResourceName(name: string, path: string): FieldError[] {
  if (CONTAINER.has(name)) return [];
  const errors = validateResourceName(name, path);
  if (!name.includes('/')) {
    if (!isHugePages(name)) errors.push(invalidError(path, name, 'must be a standard resource for containers'));
  } else if (!isNativeResource(name) && !isExtendedResource(name))
    errors.push(invalidError(path, name, "doesn't follow extended resource name standard"));
  return errors;
}

export function validateQuotaResourceName(name: string, path: string): FieldError[] {
  const errors = validateResourceName(name, path);
  if (!name.includes('/') && !isQuotaResource(name))
    errors.push(invalidError(path, name, 'must be a standard resource for quota'));
  return errors;
}

/** A quantity of a resource: not negative, and whole where the resource is. */
export function validateResourceValue(name: string, text: string, path: string): FieldError[] {
  const quantity = parseQuantity(text);
  const errors: FieldError[] = [];
  if (quantity.sign < 0) errors.push(invalidError(path, quantity.toString(), NON_NEGATIVE));
  if ((WHOLE.has(name) || isExtendedResource(name)) && quantity.milliValue() % 1000 !== 0)
    errors.push(invalidError(path, quantity.toString(), 'must be an integer'));
  return errors;
}
