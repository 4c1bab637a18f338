/** The objects every cluster has, made from those recorded of the followed release. */
import type { ClusterRole } from '../../kinds/index.ts';
import type { ClusterSettings } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { apiTime } from '../../machinery/time.ts';
import { aggregatedRules } from '../authz/escalation.ts';
import { BOOTSTRAP_OBJECTS } from './generated/objects.ts';

export interface BootstrapInput {
  settings: ClusterSettings;
  caCertificate: string;
  /** PEM of the authority by which extension API servers know this server. */
  frontProxyCa?: string | undefined;
  /** Fill in the rules of aggregated cluster roles, where no controller does. */
  aggregateRoles: boolean;
  /** Milliseconds since the epoch. */
  now: number;
}

const TOKEN_TRACKING = 'kube-apiserver-legacy-service-account-token-tracking';
/** What extension API servers read to know their clients. */
export const EXTENSION_AUTHENTICATION = 'extension-apiserver-authentication';
const CLUSTER_ROLE = 'rbac.authorization.k8s.io/v1/ClusterRole';

const typeOf = ({ apiVersion, kind }: KubeObject): string => `${apiVersion}/${kind}`;

/** Complete but for uid, resourceVersion and creationTimestamp. */
export function bootstrapObjects(input: BootstrapInput): KubeObject[] {
  const time = apiTime(input.now);
  const text = BOOTSTRAP_OBJECTS.replaceAll('<time>', time).replaceAll(
    '<pem>',
    JSON.stringify(input.caCertificate).slice(1, -1),
  );
  const objects = text.split('\n').map((line) => JSON.parse(line) as KubeObject);
  for (const object of objects) ADAPTATIONS[object.kind ?? '']?.(object, input, time);
  if (input.aggregateRoles) aggregate(objects);
  // Cluster roles come first: controllers act as soon as the first object is there. Namespaces come before what is in them.
  const rank = (object: KubeObject): number =>
    object.kind?.startsWith('ClusterRole') ? 0 : typeOf(object) === 'v1/Namespace' ? 1 : 2;
  objects.sort((a, b) => rank(a) - rank(b));
  return [...objects, ...endpoints(apiServiceAddress(input.settings.serviceCIDR))];
}

/** The first address of the service range: that of the `kubernetes` Service. */
export function apiServiceAddress(serviceCIDR: string): string {
  const [base = ''] = serviceCIDR.split('/');
  const parts = base.split('.');
  return [...parts.slice(0, 3), Number(parts[3]) + 1].join('.');
}

/** What of the recorded objects depends on the cluster, by kind. */
const ADAPTATIONS: Readonly<Record<string, (object: KubeObject, input: BootstrapInput, time: string) => void>> = {
  Service(object, { settings }) {
    const address = apiServiceAddress(settings.serviceCIDR);
    object.spec = { ...(object.spec as object), clusterIP: address, clusterIPs: [address] };
  },
  IPAddress(object, { settings }) {
    object.metadata.name = apiServiceAddress(settings.serviceCIDR);
  },
  ServiceCIDR(object, { settings }) {
    object.spec = { cidrs: [settings.serviceCIDR] };
  },
  ConfigMap(object, { frontProxyCa }, time) {
    if (object.metadata.name === TOKEN_TRACKING) object.data = { since: time.slice(0, 10) };
    if (object.metadata.name === EXTENSION_AUTHENTICATION && frontProxyCa)
      object.data = { ...(object.data as object), 'requestheader-client-ca-file': frontProxyCa };
  },
};

function aggregate(objects: readonly KubeObject[]): void {
  const roles = objects.filter((object) => typeOf(object) === CLUSTER_ROLE) as ClusterRole[];
  const matches = (selector: { matchLabels?: Record<string, string> }, role: ClusterRole): boolean =>
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => role.metadata.labels?.[key] === value);
  // edit aggregates into admin and view into edit, so each round carries rules one step further.
  for (let round = 0; round < 3; round++) {
    for (const role of roles) if (role.aggregationRule) role.rules = aggregatedRules(role, roles, matches);
  }
}

/**
 * Where the API is behind the `kubernetes` Service. The control plane has no address that pods could dial; each node
 * answers at the Service's own, so that this is the endpoint as well.
 */
function endpoints(ip: string): KubeObject[] {
  const port = 443;
  const metadata = { name: 'kubernetes', namespace: 'default' };
  return [
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
      subsets: [{ addresses: [{ ip }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [ip], conditions: { ready: true } }],
      ports: [{ name: 'https', port, protocol: 'TCP' }],
    },
  ];
}
