/** Rules of CSI drivers, nodes and capacities. Upstream: pkg/apis/storage/validation. */
import { parseQuantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Subdomain,
  duplicateError,
  invalidError,
  invalidErrors,
  NON_NEGATIVE,
  notSupportedError,
  qualifiedName,
  requiredError,
} from '../../../machinery/validation/index.ts';
import { validateDriverName } from '../../driver-name.ts';
import { equalJson } from '../../equal-json.ts';
import type { CSIDriver, CSINode, CSIStorageCapacity } from '../../generated/types/storage-v1.ts';
import { internalForm } from '../../internal-form.ts';
import { validateLabelSelector } from '../../label-selector.ts';
import { nonNegative } from '../../numbers.ts';

const GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const LIFECYCLES = ['Persistent', 'Ephemeral'];
const MIN_PERIOD = 10;
const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;
const MAX_NODE_ID = 256;
const IMMUTABLE = 'field is immutable';

export function validateDriver({ spec }: CSIDriver): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.fsGroupPolicy !== undefined && !GROUP_POLICIES.includes(spec.fsGroupPolicy))
    errors.push(notSupportedError('spec.fsGroupPolicy', spec.fsGroupPolicy, GROUP_POLICIES));
  errors.push(...validateTokenRequests(spec.tokenRequests ?? []));
  for (const mode of spec.volumeLifecycleModes ?? [])
    if (!LIFECYCLES.includes(mode)) errors.push(notSupportedError('spec.volumeLifecycleModes', mode, LIFECYCLES));
  const period = spec.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && Number(period) < MIN_PERIOD) {
    const why = `must be greater than or equal to ${MIN_PERIOD} seconds`;
    errors.push(invalidError('spec.nodeAllocatableUpdatePeriodSeconds', period, why));
  }
  if (spec.serviceAccountTokenInSecrets !== undefined && !spec.tokenRequests?.length)
    errors.push(
      invalidError(
        'spec.serviceAccountTokenInSecrets',
        spec.serviceAccountTokenInSecrets,
        'serviceAccountTokenInSecrets is set but no tokenRequests are specified',
      ),
    );
  return errors;
}

function validateTokenRequests(requests: NonNullable<CSIDriver['spec']['tokenRequests']>): FieldError[] {
  const seen = new Set<string>();
  return requests.flatMap(({ audience, expirationSeconds }, index) => {
    const at = `spec.tokenRequests[${index}]`;
    if (seen.has(audience)) return [duplicateError(`${at}.audience`, audience)];
    seen.add(audience);
    const seconds = Number(expirationSeconds ?? MIN_TOKEN_SECONDS);
    const errors: FieldError[] = [];
    if (seconds < MIN_TOKEN_SECONDS)
      errors.push(invalidError(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
    if (seconds > MAX_TOKEN_SECONDS) {
      const why = 'may not specify a duration larger than 2^32 seconds';
      errors.push(invalidError(`${at}.expirationSeconds`, seconds, why));
    }
    return errors;
  });
}

export function validateDriverUpdate(driver: CSIDriver, old: CSIDriver): FieldError[] {
  const errors = validateDriver(driver);
  if (driver.spec.attachRequired !== old.spec.attachRequired)
    errors.push(invalidError('spec.attachedRequired', driver.spec.attachRequired, IMMUTABLE));
  if (!equalJson(driver.spec.volumeLifecycleModes, old.spec.volumeLifecycleModes))
    errors.push(invalidError('spec.volumeLifecycleModes', driver.spec.volumeLifecycleModes, IMMUTABLE));
  return errors;
}

export function validateNode({ spec }: CSINode): FieldError[] {
  const seen = new Set<string>();
  return (spec.drivers ?? []).flatMap((driver, index) => {
    const at = `spec.drivers[${index}]`;
    const errors = [...validateDriverName(driver.name, `${at}.name`)];
    if (!driver.nodeID) errors.push(requiredError(`${at}.nodeID`));
    else if (driver.nodeID.length > MAX_NODE_ID)
      errors.push(invalidError(`${at}.nodeID`, driver.nodeID, `must be ${MAX_NODE_ID} characters or less`));
    errors.push(...nonNegative(driver.allocatable?.count, `${at}.allocatable.count`));
    if (seen.has(driver.name)) errors.push(duplicateError(`${at}.name`, driver.name));
    seen.add(driver.name);
    return [...errors, ...validateTopologyKeys(driver.topologyKeys ?? [], at)];
  });
}

function validateTopologyKeys(keys: readonly string[], path: string): FieldError[] {
  return keys.flatMap((key, index) => [
    ...(key === '' ? [requiredError(path)] : []),
    ...(keys.indexOf(key) < index ? [duplicateError(path, key)] : []),
    ...invalidErrors(path, key, qualifiedName(key)),
  ]);
}

/** A driver stays as it registered, but for how many volumes the node takes. */
export function validateNodeUpdate(node: CSINode, old: CSINode): FieldError[] {
  const errors = validateNode(node);
  for (const before of old.spec.drivers ?? []) {
    for (const driver of (node.spec.drivers ?? []).filter(({ name }) => name === before.name)) {
      const isSame = equalJson(driver.topologyKeys ?? [], before.topologyKeys ?? []) && driver.nodeID === before.nodeID;
      if (isSame) continue;
      const shown = internalForm('storage.k8s.io/v1.CSINodeDriver', driver) as object;
      errors.push(invalidError('spec.drivers', { ...shown, Allocatable: null }, IMMUTABLE));
    }
  }
  return errors;
}

export function validateCapacity({ nodeTopology, storageClassName, capacity }: CSIStorageCapacity): FieldError[] {
  const errors = nodeTopology ? validateLabelSelector(nodeTopology, 'nodeTopology') : [];
  errors.push(...invalidErrors('storageClassName', storageClassName ?? '', dns1123Subdomain(storageClassName ?? '')));
  if (capacity !== undefined && parseQuantity(capacity).sign < 0)
    errors.push(invalidError('capacity', capacity, NON_NEGATIVE));
  return errors;
}

const shownField = ({ nodeTopology, storageClassName }: CSIStorageCapacity, field: string): unknown => {
  if (field === 'storageClassName') return storageClassName ?? '';
  return nodeTopology ? internalForm('meta/v1.LabelSelector', nodeTopology) : null;
};

export function validateCapacityUpdate(object: CSIStorageCapacity, old: CSIStorageCapacity): FieldError[] {
  const errors = validateCapacity(object);
  for (const field of ['nodeTopology', 'storageClassName'] as const)
    if (!equalJson(object[field], old[field])) errors.push(invalidError(field, shownField(object, field), IMMUTABLE));
  return errors;
}
