/** Requests and limits. Upstream: core/validation validateResourceRequirements, validatePodResources. */
import { sentEmpty } from '../../../../machinery/explicit-empty.ts';
import { parseQuantity, type Quantity } from '../../../../machinery/quantity.ts';
import type { FieldError } from '../../../../machinery/status.ts';
import {
  dns1123Label,
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  notSupportedError,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import type { PodSpec, ResourceClaim, ResourceRequirements } from '../../../generated/types/core-v1.ts';
import {
  isHugePages,
  overcommits,
  validateContainerResourceName,
  validateResourceName,
  validateResourceValue,
} from '../resource-names.ts';
import { containerLimits, containerRequests } from './requests.ts';

type NameRule = (name: string, path: string) => FieldError[];

function validateHugePages(name: string, text: string, path: string): FieldError[] {
  if (!isHugePages(name)) return [];
  const quantity = parseQuantity(text);
  let page: number;
  try {
    page = parseQuantity(name.slice('hugepages-'.length)).value();
  } catch {
    page = 0;
  }
  const fits = page > 0 && quantity.milliValue() % 1000 === 0 && quantity.value() % page === 0;
  return fits
    ? []
    : [invalidError(path, quantity.toString(), `${quantity} is not positive integer multiple of ${name}`)];
}

/** `limit`: of the same resource; undefined when there is none. */
function validateBound(
  name: string,
  text: string,
  { path, limit }: { path: string; limit: string | undefined },
): FieldError[] {
  if (limit === undefined) {
    return overcommits(name)
      ? []
      : [requiredError(`${path}.limits`, 'Limit must be set for non overcommitable resources')];
  }
  const order = parseQuantity(text).compare(parseQuantity(limit));
  if (order !== 0 && !overcommits(name))
    return [invalidError(`${path}.requests`, text, `must be equal to ${name} limit of ${limit}`)];
  return order > 0
    ? [invalidError(`${path}.requests`, text, `must be less than or equal to ${name} limit of ${limit}`)]
    : [];
}

function validateRequirements(resources: ResourceRequirements, path: string, nameRule: NameRule): FieldError[] {
  const { limits, requests } = resources;
  const errors: FieldError[] = [];
  let hugePages = false;
  let compute = false;
  for (const name in limits) {
    const text = limits[name] as string;
    const at = `${path}.limits[${name}]`;
    errors.push(...nameRule(name, at), ...validateResourceValue(name, text, at), ...validateHugePages(name, text, at));
    hugePages ||= isHugePages(name);
    compute ||= name === 'cpu' || name === 'memory';
  }
  for (const name in requests) {
    const text = requests[name] as string;
    const at = `${path}.requests[${name}]`;
    errors.push(...nameRule(name, at), ...validateResourceValue(name, text, at));
    errors.push(...validateBound(name, text, { path, limit: limits?.[name] }), ...validateHugePages(name, text, at));
    hugePages ||= isHugePages(name);
    compute ||= name === 'cpu' || name === 'memory';
  }
  if (hugePages && !compute) errors.push(forbiddenError(path, 'HugePages require cpu or memory'));
  return errors;
}

/** Requests and limits of a container. `claims`: the names of the claims of its pod. */
export const validateResources = (
  resources: ResourceRequirements,
  path: string,
  claims: ReadonlySet<string>,
): FieldError[] => [
  ...validateRequirements(resources, path, validateContainerResourceName),
  ...(resources.claims ? validateClaims(resources.claims, `${path}.claims`, claims) : []),
];

/** The claims of a pod that its containers may name. */
export const claimNames = (spec: PodSpec): ReadonlySet<string> =>
  new Set((spec.resourceClaims ?? []).map((claim) => claim.name).filter((name) => name !== ''));

function validateClaims(claims: readonly ResourceClaim[], path: string, known: ReadonlySet<string>): FieldError[] {
  const seen = new Set<string>();
  return claims.flatMap(({ name, request }, index): FieldError[] => {
    const at = `${path}[${index}]`;
    if (!name) return [requiredError(at)];
    const errors: FieldError[] = [];
    if (seen.has(name)) errors.push(duplicateError(at, name));
    else {
      const key = request ? `${name}/${request}` : name;
      if (request) errors.push(...invalidErrors(`${at}.request`, request, dns1123Label(request)));
      if (seen.has(key)) errors.push(duplicateError(at, key));
      else if (!request)
        for (const other of seen) if (other.startsWith(`${name}/`)) errors.push(duplicateError(at, name));
      seen.add(key);
    }
    if (!known.has(name)) {
      const list = known.size === 0 ? ' which is empty' : `: ${[...known].sort().join(', ')}`;
      const text = `must be one of the names in pod.spec.resourceClaims${list}`;
      errors.push({ type: 'FieldValueNotFound', field: at, message: `Not found: ${JSON.stringify(name)}: ${text}` });
    }
    return errors;
  });
}

const POD_LEVEL = ['cpu', 'hugepages-', 'memory'];

const podResourceName: NameRule = (name, path) => {
  const errors = validateResourceName(name, path);
  if (errors.length > 0 || name === 'cpu' || name === 'memory' || isHugePages(name)) return errors;
  return [notSupportedError(path, name, POD_LEVEL)];
};

/** Requests and limits of the pod as a whole. */
export function validatePodResources(spec: PodSpec, path: string): FieldError[] {
  const { resources } = spec;
  if (!resources) return [];
  if (spec.os?.name === 'windows') return [forbiddenError(path, 'may not be set for a windows pod')];
  const errors: FieldError[] = [];
  if (resources.claims || sentEmpty(resources, 'claims') !== null)
    errors.push(forbiddenError(`${path}.claims`, 'claims may not be set for Resources at pod-level'));
  errors.push(...validateRequirements(resources, path, podResourceName));
  if (resources.claims) errors.push(...validateClaims(resources.claims, `${path}.claims`, claimNames(spec)));
  errors.push(...validateSums(containerRequests(spec), resources, { path, amounts: 'requests' }));
  const pages = [...containerLimits(spec)].filter(([name]) => isHugePages(name));
  errors.push(...validateSums(pages, resources, { path, amounts: 'limits' }));
  for (const [index, container] of (spec.containers ?? []).entries()) {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const whole = resources.limits?.[name];
      if (whole === undefined || parseQuantity(limit).compare(parseQuantity(whole)) <= 0) continue;
      const at = `${path}.containers[${index}][${name}].limits`;
      errors.push(invalidError(at, limit, `must be less than or equal to pod limits of ${whole}`));
    }
  }
  return errors;
}

/** What the pod has as a whole is no less than what its containers have together. */
function validateSums(
  sums: Iterable<[string, Quantity]>,
  resources: ResourceRequirements,
  { path, amounts }: { path: string; amounts: 'limits' | 'requests' },
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, sum] of sums) {
    const whole = resources[amounts]?.[name];
    if (whole === undefined || sum.compare(parseQuantity(whole)) <= 0) continue;
    const why = `must be greater than or equal to aggregate container ${amounts} of ${sum}`;
    errors.push(invalidError(`${path}.${amounts}[${name}]`, whole, why));
  }
  return errors;
}
