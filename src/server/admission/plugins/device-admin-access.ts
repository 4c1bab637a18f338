/** Claims that see devices in use need a namespace that is marked. Upstream: registry/resource AuthorizedForAdmin. */
import type { Namespace } from '../../../kinds/index.ts';
import { invalid } from '../../../machinery/status.ts';
import { forbiddenError } from '../../../machinery/validation/index.ts';
import type { AdmissionPlugin } from '../../contract.ts';
import { findObject } from '../requests.ts';

interface Devices {
  devices?: { requests?: { exactly?: { adminAccess?: boolean } }[] };
}

/** The part that claims and, one level deeper, their templates have. */
interface Claim {
  spec: Devices & { spec?: Devices };
}

export const ADMIN_LABEL = 'resource.kubernetes.io/admin-access';
export const ADMIN_REFUSAL = `admin access to devices requires the \`${ADMIN_LABEL}: true\` label on the containing namespace`;
const KINDS: ReadonlySet<string> = new Set([
  'resourceclaims.resource.k8s.io',
  'resourceclaimtemplates.resource.k8s.io',
]);

export const deviceAdminAccess: AdmissionPlugin = {
  name: 'DeviceAdminAccess',
  handles: ({ kind, operation, subresource }) =>
    operation === 'CREATE' && subresource === '' && KINDS.has(kind.storedAs),
  async validate({ kind, object, name, namespace }, context) {
    const { spec } = object as unknown as Claim;
    const requests = (spec.devices ?? spec.spec?.devices)?.requests ?? [];
    const index = requests.findIndex(({ exactly }) => exactly?.adminAccess === true);
    if (index < 0) return;
    const home = await findObject<Namespace>(context, { resource: 'namespaces', namespace: '', name: namespace });
    if (home?.metadata.labels?.[ADMIN_LABEL] === 'true') return;
    throw invalid({ group: kind.group, kind: kind.kind }, name, [
      forbiddenError(`spec.devices.requests[${index}].adminAccess`, ADMIN_REFUSAL),
    ]);
  },
};
