/** Rules of resource slices. Upstream: pkg/apis/resource/validation. */
import { sentEmpty } from '../../../machinery/explicit-empty.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Subdomain,
  invalidError,
  invalidErrors,
  notSupportedError,
  requiredError,
  tooLongError,
} from '../../../machinery/validation/index.ts';
import { validateDriverName } from '../../driver-name.ts';
import { equalJson } from '../../equal-json.ts';
import type {
  Counter,
  CounterSet,
  Device,
  DeviceAttribute,
  DeviceCounterConsumption,
  DeviceTaint,
  ResourcePool,
  ResourceSlice,
  ResourceSliceSpec,
} from '../../generated/types/resource-v1.ts';
import { internalForm } from '../../internal-form.ts';
import { validateList, validateMap, validateSet } from './lists.ts';
import {
  MAX_KEY,
  validateKey,
  validateLabelName,
  validatePoolName,
  validateQualifiedName,
  validateValue,
} from './names.ts';
import { validateBindings } from './validate-bindings.ts';
import { validateCapacity } from './validate-capacity.ts';
import { EFFECTS } from './validate-class.ts';
import { validateNodeSelector } from './validate-status.ts';

const MAX_DEVICES = 128;
const MAX_SPECIAL_DEVICES = 64;
const MAX_PROPERTIES = 32;
const MAX_TAINTS = 16;
const MAX_COUNTER_SETS = 8;
const MAX_CONSUMED_SETS = 2;
const MAX_COUNTERS = 32;
const MAX_LABEL = 63;
const MAX_VALUE = 64;
const IMMUTABLE = 'field is immutable';
const SELECTIONS = ['nodeName', 'nodeSelector', 'allNodes', 'perDeviceNodeSelection'] as const;
const NUMBER = '(0|[1-9]\\d*)';
const PRE = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const BUILD = '[0-9a-zA-Z-]+';
const SEMVER = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(-${PRE}(\\.${PRE})*)?(\\+${BUILD}(\\.${BUILD})*)?$`);

export const validateSlice = (slice: ResourceSlice): FieldError[] => validateSliceSpec(slice.spec, undefined);

export const validateSliceUpdate = (slice: ResourceSlice, old: ResourceSlice): FieldError[] =>
  validateSliceSpec(slice.spec, old.spec);

function validateSliceSpec(spec: ResourceSliceSpec, old: ResourceSliceSpec | undefined): FieldError[] {
  const errors = [...validateDriverName(spec.driver, 'spec.driver'), ...validatePool(spec.pool, 'spec.pool')];
  if (old) {
    if (spec.pool?.name !== old.pool?.name) errors.push(invalidError('spec.pool.name', spec.pool?.name, IMMUTABLE));
    for (const field of ['driver', 'nodeName'] as const)
      if (spec[field] !== old[field]) errors.push(invalidError(`spec.${field}`, spec[field] ?? null, IMMUTABLE));
  }
  errors.push(...validateSelection(spec));
  const isSent = (field: 'devices' | 'sharedCounters'): boolean =>
    spec[field] !== undefined || sentEmpty(spec, field) !== null;
  if (isSent('devices') && isSent('sharedCounters'))
    errors.push(invalidError('spec', '', 'only one of `sharedCounters` or `devices` is allowed'));
  const devices = spec.devices ?? [];
  const isSpecial = devices.some(({ taints, consumesCounters }) => taints?.length || consumesCounters?.length);
  errors.push(
    ...validateSet(devices, 'spec.devices', {
      max: isSpecial ? MAX_SPECIAL_DEVICES : MAX_DEVICES,
      item: (device, path) => validateDevice(device, path, { spec, old }),
      key: ({ name }) => name,
    }),
    ...validateSet(spec.sharedCounters, 'spec.sharedCounters', {
      max: MAX_COUNTER_SETS,
      item: validateCounterSet,
      key: ({ name }) => name,
    }),
  );
  return errors;
}

function validatePool(pool: ResourcePool | undefined, path: string): FieldError[] {
  const { name, resourceSliceCount = 0, generation = 0 } = pool ?? {};
  const errors = validatePoolName(name, `${path}.name`);
  if (Number(resourceSliceCount) <= 0)
    errors.push(invalidError(`${path}.resourceSliceCount`, resourceSliceCount, 'must be greater than zero'));
  if (Number(generation) < 0)
    errors.push(invalidError(`${path}.generation`, generation, 'must be greater than or equal to zero'));
  return errors;
}

const validateNodeName = (name: string, path: string): FieldError[] =>
  invalidErrors(path, name, dns1123Subdomain(name));

/** Where the devices of a slice are. */
function validateSelection(spec: ResourceSliceSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.nodeName === '')
    errors.push(invalidError('spec.nodeName', '', 'must be either unset or set to a non-empty string'));
  else if (spec.nodeName !== undefined) errors.push(...validateNodeName(spec.nodeName, 'spec.nodeName'));
  if (spec.nodeSelector) {
    errors.push(...validateNodeSelector(spec.nodeSelector, 'spec.nodeSelector'));
    const terms = spec.nodeSelector.nodeSelectorTerms ?? [];
    if (terms.length !== 1) {
      const shown = spec.nodeSelector.nodeSelectorTerms
        ? terms.map((term) => internalForm('core/v1.NodeSelectorTerm', term))
        : sentEmpty(spec.nodeSelector, 'nodeSelectorTerms');
      const why = 'must have exactly one node selector term';
      errors.push(invalidError('spec.nodeSelector.nodeSelectorTerms', shown, why));
    }
  }
  for (const field of ['allNodes', 'perDeviceNodeSelection'] as const)
    if (spec[field] === false) errors.push(invalidError(`spec.${field}`, false, 'must be either unset or set to true'));
  const names = SELECTIONS.filter((field) => spec[field]).map((field) => `\`${field}\``);
  const why = `exactly one of ${SELECTIONS.map((field) => `\`${field}\``).join(', ')} is required`;
  if (names.length === 0) errors.push(requiredError('spec', why));
  if (names.length > 1)
    errors.push(invalidError('spec', `{${names.join(', ')}}`, `${why}, but multiple fields are set`));
  return errors;
}

interface SliceSpecs {
  spec: ResourceSliceSpec;
  old: ResourceSliceSpec | undefined;
}

function validateDevice(device: Device, path: string, { spec, old }: SliceSpecs): FieldError[] {
  const errors = validateLabelName(device.name, `${path}.name`);
  const count = Object.keys(device.attributes ?? {}).length + Object.keys(device.capacity ?? {}).length;
  if (count > MAX_PROPERTIES) {
    const why = `the total number of attributes and capacities must not exceed ${MAX_PROPERTIES}`;
    errors.push(invalidError(path, count, why));
  }
  const keys = { max: Number.POSITIVE_INFINITY, keyLength: MAX_KEY, key: validateQualifiedName };
  const shares = device.allowMultipleAllocations === true;
  errors.push(
    ...validateMap(device.attributes, `${path}.attributes`, { ...keys, item: validateAttribute }),
    ...validateMap(device.capacity, `${path}.capacity`, {
      ...keys,
      item: (capacity, at) => validateCapacity(capacity, at, shares),
    }),
  );
  const before = old?.devices?.find(({ name }) => name === device.name);
  if (!before || !equalJson(before.taints ?? [], device.taints ?? []))
    errors.push(...validateList(device.taints, `${path}.taints`, { max: MAX_TAINTS, item: validateTaint }));
  errors.push(
    ...validateSet(device.consumesCounters, `${path}.consumesCounters`, {
      max: MAX_CONSUMED_SETS,
      item: validateConsumption,
      key: ({ counterSet }) => counterSet,
    }),
    ...validateDeviceSelection(device, path, spec.perDeviceNodeSelection === true),
    ...validateBindings(device, path),
  );
  return errors;
}

function validateDeviceSelection(device: Device, path: string, isPerDevice: boolean): FieldError[] {
  const { nodeName, nodeSelector, allNodes } = device;
  if (!isPerDevice) {
    if (nodeName === undefined && nodeSelector === undefined && allNodes === undefined) return [];
    const why =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
    return [invalidError(path, null, why)];
  }
  const errors: FieldError[] = [];
  if (nodeName === '') errors.push(invalidError(`${path}.nodeName`, '', 'must not be empty'));
  else if (nodeName !== undefined) errors.push(...validateNodeName(nodeName, `${path}.nodeName`));
  if (nodeSelector) errors.push(...validateNodeSelector(nodeSelector, `${path}.nodeSelector`));
  if (allNodes === false) errors.push(invalidError(`${path}.allNodes`, false, 'must be either unset or set to true'));
  const names = (['nodeName', 'nodeSelector', 'allNodes'] as const)
    .filter((field) => device[field])
    .map((field) => `\`${field}\``);
  const why =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  if (names.length === 0) errors.push(requiredError(path, why));
  if (names.length > 1) errors.push(invalidError(path, `{${names.join(', ')}}`, why));
  return errors;
}

function validateAttribute(attribute: DeviceAttribute, path: string): FieldError[] {
  const { string, version } = attribute;
  const errors: FieldError[] = [];
  if ((string?.length ?? 0) > MAX_VALUE) errors.push(tooLongError(`${path}.string`, MAX_VALUE));
  if (version !== undefined) {
    if (!SEMVER.test(version)) {
      const why = 'must be a string compatible with semver.org spec 2.0.0';
      errors.push(invalidError(`${path}.version`, version, why));
    }
    if (version.length > MAX_VALUE) errors.push(tooLongError(`${path}.version`, MAX_VALUE));
  }
  const count = Object.values(attribute).filter((value) => value !== undefined).length;
  if (count === 1) return errors;
  const shown = count === 0 ? '' : internalForm('resource.k8s.io/v1.DeviceAttribute', attribute);
  return [...errors, invalidError(path, shown, 'exactly one value must be specified')];
}

function validateTaint({ key, value, effect }: DeviceTaint, path: string): FieldError[] {
  const errors = [...validateKey(key ?? '', `${path}.key`), ...validateValue(value, `${path}.value`)];
  if (!effect) errors.push(requiredError(`${path}.effect`));
  else if (!EFFECTS.includes(effect)) errors.push(notSupportedError(`${path}.effect`, effect, EFFECTS));
  return errors;
}

const validateCounterSet = ({ name, counters }: CounterSet, path: string): FieldError[] => [
  ...(name ? validateLabelName(name, `${path}.name`) : [requiredError(`${path}.name`)]),
  ...validateCounters(counters, `${path}.counters`),
];

const validateConsumption = ({ counterSet, counters }: DeviceCounterConsumption, path: string): FieldError[] => [
  ...(counterSet ? validateLabelName(counterSet, `${path}.counterSet`) : [requiredError(`${path}.counterSet`)]),
  ...validateCounters(counters, `${path}.counters`),
];

function validateCounters(counters: Readonly<Record<string, Counter>> | undefined, path: string): FieldError[] {
  if (Object.keys(counters ?? {}).length === 0) return [requiredError(path)];
  return validateMap(counters, path, {
    max: MAX_COUNTERS,
    keyLength: MAX_LABEL,
    key: validateLabelName,
    item: () => [],
  });
}
