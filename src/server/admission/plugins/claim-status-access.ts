/**
 * Who writes the status of a resource claim needs leave for the parts of it. Upstream: registry/resource
 * AuthorizedForAdminStatus, AuthorizedForBinding, AuthorizedForDeviceStatus.
 */
import type { Namespace } from '../../../kinds/index.ts';
import { type FieldError, invalid } from '../../../machinery/status.ts';
import { forbiddenError } from '../../../machinery/validation/index.ts';
import { forbiddenRequest } from '../../authz/forbidden.ts';
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest, Attributes } from '../../contract.ts';
import { findObject } from '../requests.ts';
import { ADMIN_LABEL, ADMIN_REFUSAL } from './device-admin-access.ts';

interface Device {
  driver: string;
  pool: string;
  device: string;
  shareID?: string;
}

interface NodeTerm {
  matchExpressions?: readonly object[];
  matchFields?: readonly { key: string; operator: string; values?: readonly string[] }[];
}

interface Allocation {
  devices?: { results?: readonly { adminAccess?: boolean }[] };
  nodeSelector?: { nodeSelectorTerms?: readonly NodeTerm[] };
}

/** What permission is needed for. */
interface Status {
  allocation?: Allocation;
  reservedFor?: readonly object[];
  devices?: readonly Device[];
}

const statusOf = (object: unknown): Status => (object as { status?: Status } | undefined)?.status ?? {};

const NODE_OF_ACCOUNT = 'authentication.kubernetes.io/node-name';

export const claimStatusAccess: AdmissionPlugin = {
  name: 'ClaimStatusAccess',
  handles: ({ kind, operation, subresource }) =>
    operation === 'UPDATE' && subresource === 'status' && kind.storedAs === 'resourceclaims.resource.k8s.io',
  async validate(request, context) {
    const [status, old] = [statusOf(request.object), statusOf(request.oldObject)];
    const errors = [
      ...(await checkAdmin(status, old, { request, context })),
      ...(await checkBinding(status, old, { request, context })),
      ...(status.allocation ? await checkDevices(status, old, { request, context }) : []),
    ];
    if (errors.length === 0) return;
    throw invalid({ group: request.kind.group, kind: request.kind.kind }, request.name, errors);
  },
};

interface Call {
  request: AdmissionRequest;
  context: AdmissionContext;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

async function checkAdmin(status: Status, old: Status, { request, context }: Call): Promise<FieldError[]> {
  const grant = (of: Status): number =>
    (of.allocation?.devices?.results ?? []).findIndex(({ adminAccess }) => adminAccess === true);
  const index = grant(status);
  if (index < 0 || grant(old) >= 0) return [];
  const named = { resource: 'namespaces', namespace: '', name: request.namespace };
  const home = await findObject<Namespace>(context, named);
  if (home?.metadata.labels?.[ADMIN_LABEL] === 'true') return [];
  return [forbiddenError(`status.allocation.devices.results[${index}].adminAccess`, ADMIN_REFUSAL)];
}

async function checkBinding(status: Status, old: Status, call: Call): Promise<FieldError[]> {
  if (same(status.allocation, old.allocation) && same(status.reservedFor, old.reservedFor)) return [];
  const verb = verbOf(call.request);
  const refusal = await refusalOf(call, { verb, subresource: 'binding', namespace: '', name: '' });
  if (refusal === undefined) return [];
  const needs = `requires resource="resourceclaims/binding", verb="${verb}" permission: ${refusal}`;
  return [forbiddenError('status.allocation', `changing status.allocation or status.reservedFor ${needs}`)];
}

async function checkDevices(status: Status, old: Status, call: Call): Promise<FieldError[]> {
  const drivers = changedDrivers(status.devices ?? [], old.devices ?? []);
  if (drivers.length === 0) return [];
  const { user, namespace } = call.request;
  const node = allocatedNode(status);
  const [nodeOfUser, ...others] = user.extra?.[NODE_OF_ACCOUNT] ?? [];
  const isLocal = node !== undefined && nodeOfUser === node && others.length === 0;
  const prefixes =
    isLocal && user.name.startsWith('system:serviceaccount:') ? ['associated', 'arbitrary'] : ['arbitrary'];
  const verbs = prefixes.map((prefix) => `${prefix}-node:${verbOf(call.request)}`);
  const errors: FieldError[] = [];
  for (const name of drivers) {
    const refusals: string[] = [];
    for (const verb of verbs) {
      const refusal = await refusalOf(call, { verb, subresource: 'driver', namespace, name });
      if (refusal === undefined) break;
      refusals.push(refusal);
    }
    if (refusals.length < verbs.length) continue;
    const needs = `requires resource="resourceclaims/driver", verb="[${verbs.join(' ')}]" permission: ${refusals[0]}`;
    errors.push(forbiddenError('status.devices', `changing status.devices ${needs}`));
  }
  return errors;
}

/** The drivers of devices that came, went or changed. */
function changedDrivers(devices: readonly Device[], before: readonly Device[]): string[] {
  const keyOf = ({ driver, pool, device, shareID }: Device): string => JSON.stringify([driver, pool, device, shareID]);
  const left = new Map(before.map((device) => [keyOf(device), device]));
  const drivers = new Set<string>();
  for (const device of devices) {
    const key = keyOf(device);
    if (!same(left.get(key), device)) drivers.add(device.driver);
    left.delete(key);
  }
  for (const { driver } of left.values()) drivers.add(driver);
  return [...drivers].sort();
}

/** The one node whose devices are allocated. */
function allocatedNode({ allocation }: Status): string | undefined {
  const [term, ...others] = allocation?.nodeSelector?.nodeSelectorTerms ?? [];
  if (!term || others.length > 0 || term.matchExpressions?.length || term.matchFields?.length !== 1) return undefined;
  const [field] = term.matchFields;
  const isName = field?.key === 'metadata.name' && field.operator === 'In' && field.values?.length === 1;
  return isName ? field.values?.[0] : undefined;
}

const verbOf = ({ verb = 'update' }: AdmissionRequest): string => verb;

/** Why the user may not do this to a part of claims; undefined when they may. */
async function refusalOf(
  { request, context }: Call,
  asked: Pick<Attributes, 'verb' | 'subresource' | 'namespace' | 'name'>,
): Promise<string | undefined> {
  const { group, version, resource } = request.kind;
  const attributes: Attributes = { user: request.user, isResource: true, group, version, resource, path: '', ...asked };
  const answer = await context.authorizer.authorize(attributes);
  if (answer.decision === 'allow') return undefined;
  const { evaluationError: fault, reason } = answer;
  return forbiddenRequest(attributes, fault && reason ? `${fault}: ${reason}` : (fault ?? reason)).message;
}
