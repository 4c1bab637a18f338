/** Rules of what is allocated for a claim. Upstream: pkg/apis/resource/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  canonicalIP,
  cidr,
  forbiddenError,
  invalidError,
  notSupportedError,
  parseNetwork,
  requiredError,
  tooLongError,
  tooManyError,
  validateConditions,
} from '../../../machinery/validation/index.ts';
import { validateNodeSelectorTerm } from '../../core/v1/pod-spec/validate-scheduling.ts';
import { validateDriverName } from '../../driver-name.ts';
import { equalJson } from '../../equal-json.ts';
import type { NodeSelector } from '../../generated/types/core-v1.ts';
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimConsumerReference,
} from '../../generated/types/resource-v1.ts';
import { internalForm } from '../../internal-form.ts';
import { validateList, validateSet } from './lists.ts';
import { validateLabelName, validatePoolName, validateUid } from './names.ts';
import { validateBindings } from './validate-bindings.ts';
import { type RequestNames, requestNamesOf, validateReference, validateReferences } from './validate-claim.ts';
import { validateConfiguration, validateParameters } from './validate-class.ts';

const MAX_CONSUMERS = 256;
const MAX_RESULTS = 32;
const MAX_CONFIGS = 64;
const MAX_CONDITIONS = 8;
const MAX_INTERFACE_NAME = 256;
const MAX_HARDWARE_ADDRESS = 128;
const MAX_IPS = 16;
const SOURCES = ['FromClaim', 'FromClass'];
const RESERVED = 'status.reservedFor';

type DeviceId = Pick<AllocatedDeviceStatus, 'driver' | 'pool' | 'device' | 'shareID'>;

const idOf = ({ driver, pool, device, shareID }: DeviceId): string =>
  [driver, pool, device, ...(shareID ? [shareID] : [])].join('/');

/** A device as messages show it. */
const shownId = ({ driver, pool, device, shareID }: DeviceId): object => ({
  Driver: driver ?? '',
  Pool: pool ?? '',
  Device: device ?? '',
  ShareID: shareID ?? '',
});

const allocatedIn = ({ status }: ResourceClaim): Set<string> =>
  new Set((status?.allocation?.devices?.results ?? []).map(idOf));

/** What is told of devices goes with them. Upstream: dropDeallocatedStatusDevices. */
export function dropDeallocatedDevices(claim: ResourceClaim, old: ResourceClaim): void {
  const { status } = claim;
  if (!status?.devices) return;
  const [now, before] = [allocatedIn(claim), allocatedIn(old)];
  status.devices = status.devices.filter((device) => now.has(idOf(device)) || !before.has(idOf(device)));
  if (status.devices.length === 0) delete status.devices;
}

export function validateClaimStatus(claim: ResourceClaim, old: ResourceClaim): FieldError[] {
  const { metadata, spec, status = {} } = claim;
  const { allocation, reservedFor, devices } = status;
  const before = old.status ?? {};
  const errors = validateSet(reservedFor, RESERVED, {
    max: MAX_CONSUMERS,
    item: validateConsumer,
    key: ({ uid }) => uid,
  });
  const allocated = allocatedIn(claim);
  const item = (device: AllocatedDeviceStatus, path: string): FieldError[] => validateDevice(device, path, allocated);
  errors.push(...validateSet(devices, 'status.devices', { max: Number.POSITIVE_INFINITY, item, key: shownId }));
  if (reservedFor?.length) {
    const isNew = (consumer: ResourceClaimConsumerReference): boolean =>
      !(before.reservedFor ?? []).some((known) => equalJson(known, consumer));
    if (!allocation) errors.push(forbiddenError(RESERVED, 'may not be specified when `allocated` is not set'));
    else if (metadata.deletionTimestamp !== undefined && reservedFor.some(isNew)) {
      const why = 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set';
      errors.push(forbiddenError(RESERVED, why));
    }
  }
  if (!allocation) return errors;
  if (!before.allocation) return [...errors, ...validateAllocation(allocation, requestNamesOf(spec?.devices))];
  if (equalJson(allocation, before.allocation)) return errors;
  const shown = internalForm('resource.k8s.io/v1.AllocationResult', allocation);
  return [...errors, invalidError('status.allocation', shown, 'field is immutable')];
}

const validateConsumer = (consumer: ResourceClaimConsumerReference, path: string): FieldError[] =>
  (['resource', 'name', 'uid'] as const)
    .filter((field) => !consumer[field])
    .map((field) => requiredError(`${path}.${field}`));

function validateAllocation({ devices, nodeSelector }: AllocationResult, names: RequestNames): FieldError[] {
  const path = 'status.allocation';
  const errors = validateList(devices?.results, `${path}.devices.results`, {
    max: MAX_RESULTS,
    item: (result, at) => validateResult(result, at, names),
  });
  errors.push(
    ...validateList(devices?.config, `${path}.devices.config`, {
      max: MAX_CONFIGS,
      item: (config, at) => validateAllocatedConfiguration(config, at, names),
    }),
  );
  return nodeSelector ? [...errors, ...validateNodeSelector(nodeSelector, `${path}.nodeSelector`)] : errors;
}

export function validateNodeSelector({ nodeSelectorTerms }: NodeSelector, path: string): FieldError[] {
  const at = `${path}.nodeSelectorTerms`;
  if (!nodeSelectorTerms?.length) return [requiredError(at, 'must have at least one node selector term')];
  return nodeSelectorTerms.flatMap((term, index) => validateNodeSelectorTerm(term, `${at}[${index}]`));
}

function validateResult(result: DeviceRequestAllocationResult, path: string, names: RequestNames): FieldError[] {
  return [
    ...validateReference(result.request ?? '', `${path}.request`, names),
    ...validateDriverName(result.driver, `${path}.driver`),
    ...validatePoolName(result.pool, `${path}.pool`),
    ...validateLabelName(result.device, `${path}.device`),
    ...validateBindings(result, path),
    ...(result.shareID === undefined ? [] : validateUid(result.shareID, `${path}.shareID`)),
  ];
}

function validateAllocatedConfiguration(
  config: DeviceAllocationConfiguration,
  path: string,
  names: RequestNames,
): FieldError[] {
  const { source, requests } = config;
  const errors: FieldError[] = [];
  if (!source) errors.push(requiredError(`${path}.source`));
  else if (!SOURCES.includes(source)) errors.push(notSupportedError(`${path}.source`, source, SOURCES));
  return [
    ...errors,
    ...validateReferences(requests, `${path}.requests`, names),
    ...validateConfiguration(config, path),
  ];
}

function validateDevice(device: AllocatedDeviceStatus, path: string, allocated: ReadonlySet<string>): FieldError[] {
  const { driver, pool, shareID, conditions, data, networkData } = device;
  const errors = [
    ...validateDriverName(driver, `${path}.driver`),
    ...validatePoolName(pool, `${path}.pool`),
    ...validateLabelName(device.device, `${path}.device`),
    ...(shareID === undefined ? [] : validateUid(shareID, `${path}.shareID`)),
  ];
  if (!allocated.has(idOf(device)))
    errors.push(invalidError(path, shownId(device), 'must be an allocated device in the claim'));
  if ((conditions?.length ?? 0) > MAX_CONDITIONS)
    errors.push(tooManyError(`${path}.conditions`, conditions?.length ?? 0, MAX_CONDITIONS));
  errors.push(...validateConditions(conditions, `${path}.conditions`));
  if (data !== undefined) errors.push(...validateParameters(data, `${path}.data`));
  return networkData ? [...errors, ...validateNetworkData(networkData, `${path}.networkData`)] : errors;
}

function validateNetworkData(data: NetworkDeviceData, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [field, max] of [
    ['interfaceName', MAX_INTERFACE_NAME],
    ['hardwareAddress', MAX_HARDWARE_ADDRESS],
  ] as const) {
    if ((data[field]?.length ?? 0) > max) errors.push(tooLongError(`${path}.${field}`, max));
  }
  const rules = { max: MAX_IPS, item: validateInterfaceAddress, key: (address: string) => address };
  return [...errors, ...validateSet(data.ips, `${path}.ips`, rules)];
}

/** An address with its prefix length, host bits and all. Upstream: IsValidInterfaceAddress. */
function validateInterfaceAddress(address: string, path: string): FieldError[] {
  if (!parseNetwork(address)) {
    const texts = cidr(address);
    const why = 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)';
    return texts.length > 0 ? [invalidError(path, address, why)] : [];
  }
  const canonical = canonicalIP(address);
  return canonical === address
    ? []
    : [invalidError(path, address, `must be in canonical form (${JSON.stringify(canonical)})`)];
}
