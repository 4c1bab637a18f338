/** Rules of resource claims and their templates. Upstream: pkg/apis/resource/validation. */
import { rawText } from '../../../machinery/raw-values.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { invalidError, notSupportedError, requiredError } from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type {
  DeviceClaim,
  DeviceClaimConfiguration,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimTemplate,
} from '../../generated/types/resource-v1.ts';
import { internalForm } from '../../internal-form.ts';
import { objectSchema } from '../../schema.ts';
import { validateTemplateMetadata } from '../../template-metadata.ts';
import { validateList, validateSet } from './lists.ts';
import { validateFullName, validateLabelName, validateSubdomain } from './names.ts';
import { validateConfiguration, validateSelectors, validateToleration } from './validate-class.ts';

const MAX_REQUESTS = 32;
const MAX_CONSTRAINTS = 32;
const MAX_CONFIGS = 32;
const MAX_ALTERNATIVES = 8;
const MODES = ['All', 'ExactCount'];
const ONE_OF = 'exactly one of `exactly` or `firstAvailable` is required';
const ONE_CONSTRAINT =
  'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
const NOT_A_REQUEST =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/** The requests of a claim, each with the names of its alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

export const requestNamesOf = (claim: DeviceClaim | undefined): RequestNames =>
  new Map(
    (claim?.requests ?? []).map((request) => [
      request.name,
      new Set((request.firstAvailable ?? []).map((alternative) => alternative.name)),
    ]),
  );

export const validateClaim = ({ spec }: ResourceClaim): FieldError[] => validateDevices(spec?.devices, 'spec.devices');

function validateDevices(claim: DeviceClaim | undefined, path: string): FieldError[] {
  const names = requestNamesOf(claim);
  return [
    ...validateSet(claim?.requests, `${path}.requests`, {
      max: MAX_REQUESTS,
      item: validateRequest,
      key: ({ name }) => name,
    }),
    ...validateList(claim?.constraints, `${path}.constraints`, {
      max: MAX_CONSTRAINTS,
      item: (constraint, at) => validateConstraint(constraint, at, names),
    }),
    ...validateList(claim?.config, `${path}.config`, {
      max: MAX_CONFIGS,
      item: (config, at) => validateClaimConfiguration(config, at, names),
    }),
  ];
}

function validateRequest({ name, exactly, firstAvailable }: DeviceRequest, path: string): FieldError[] {
  const errors = validateLabelName(name, `${path}.name`);
  const alternatives = firstAvailable ?? [];
  if (exactly && alternatives.length > 0)
    return [...errors, invalidError(path, null, `${ONE_OF}, but multiple fields are set`)];
  if (exactly) return [...errors, ...validateDetails(exactly, `${path}.exactly`)];
  if (alternatives.length === 0) return [...errors, requiredError(path, ONE_OF)];
  const item = (alternative: DeviceSubRequest, at: string): FieldError[] => [
    ...validateLabelName(alternative.name, `${at}.name`),
    ...validateDetails(alternative, at),
  ];
  const rules = { max: MAX_ALTERNATIVES, item, key: (alternative: DeviceSubRequest) => alternative.name };
  return [...errors, ...validateSet(alternatives, `${path}.firstAvailable`, rules)];
}

function validateDetails(request: ExactDeviceRequest | DeviceSubRequest, path: string): FieldError[] {
  const { deviceClassName, selectors, allocationMode = '', count = 0, tolerations } = request;
  const errors = deviceClassName
    ? validateSubdomain(deviceClassName, `${path}.deviceClassName`)
    : [requiredError(`${path}.deviceClassName`)];
  errors.push(...validateSelectors(selectors, `${path}.selectors`));
  if (allocationMode === 'All') {
    if (Number(count) !== 0) {
      const why = `must not be specified when allocationMode is '${allocationMode}'`;
      errors.push(invalidError(`${path}.count`, count, why));
    }
  } else if (allocationMode === 'ExactCount') {
    if (Number(count) <= 0) errors.push(invalidError(`${path}.count`, count, 'must be greater than zero'));
  } else errors.push(notSupportedError(`${path}.allocationMode`, allocationMode, MODES));
  for (const [index, toleration] of (tolerations ?? []).entries())
    errors.push(...validateToleration(toleration, `${path}.tolerations[${index}]`));
  return errors;
}

/** Names of requests, or of one and its alternative. */
export const validateReferences = (
  references: readonly string[] | undefined,
  path: string,
  names: RequestNames,
): FieldError[] =>
  validateSet(references, path, {
    max: MAX_REQUESTS,
    item: (reference, at) => validateReference(reference, at, names),
    key: (reference) => reference,
  });

export function validateReference(reference: string, path: string, names: RequestNames): FieldError[] {
  const [request = '', alternative, ...rest] = reference.split('/');
  if (rest.length > 0) return [invalidError(path, reference, NOT_A_REQUEST)];
  const errors = reference.split('/').flatMap((segment) => validateLabelName(segment, path));
  const alternatives = names.get(request);
  if (!alternatives || (alternative !== undefined && !alternatives.has(alternative)))
    errors.push(invalidError(path, reference, NOT_A_REQUEST));
  return errors;
}

function validateConstraint(constraint: DeviceConstraint, path: string, names: RequestNames): FieldError[] {
  const { requests, matchAttribute, distinctAttribute } = constraint;
  const errors = validateReferences(requests, `${path}.requests`, names);
  if (matchAttribute !== undefined) return [...errors, ...validateFullName(matchAttribute, `${path}.matchAttribute`)];
  if (distinctAttribute !== undefined)
    return [...errors, ...validateFullName(distinctAttribute, `${path}.distinctAttribute`)];
  return [...errors, requiredError(path, ONE_CONSTRAINT)];
}

const validateClaimConfiguration = (
  config: DeviceClaimConfiguration,
  path: string,
  names: RequestNames,
): FieldError[] => [
  ...validateReferences(config.requests, `${path}.requests`, names),
  ...validateConfiguration(config, path),
];

export function validateClaimUpdate({ spec }: ResourceClaim, old: ResourceClaim): FieldError[] {
  const type = 'resource.k8s.io/v1.ResourceClaimSpec';
  if (isSame(type, spec, old.spec)) return [];
  return [invalidError('spec', internalForm(type, spec), 'field is immutable')];
}

export const validateTemplate = ({ spec }: ResourceClaimTemplate): FieldError[] => [
  ...validateTemplateMetadata(spec?.metadata, 'spec.metadata'),
  ...validateDevices(spec?.spec?.devices, 'spec.spec.devices'),
];

export function validateTemplateUpdate(template: ResourceClaimTemplate, old: ResourceClaimTemplate): FieldError[] {
  const errors = validateTemplate(template);
  const { spec } = template;
  const type = 'resource.k8s.io/v1.ResourceClaimTemplateSpec';
  if (isSame(type, spec, old.spec)) return errors;
  return [...errors, invalidError('spec', internalForm(type, spec), 'field is immutable')];
}

/** Whether nothing changed, not even the order of keys in parameters of drivers. */
const isSame = (type: string, now: object, before: object): boolean =>
  equalJson(now, before) && rawText(objectSchema(type), now) === rawText(objectSchema(type), before);
