import { type Endpoint, type EndpointSlice, type Endpoints, endpointSlices, endpoints } from '../../kinds/index.ts';
import type { Plan, Write } from '../runtime/apply-plan.ts';
import { canonicalText, sameJson } from '../runtime/canonical.ts';
import { controllerReference } from '../runtime/claim.ts';
import { groupKey, MANAGED_BY, SERVICE_NAME, type SlicePort } from '../runtime/service-slices.ts';
import { LAST_CHANGE } from '../runtime/trigger-time.ts';

export const MANAGER = 'endpointslicemirroring-controller.k8s.io';
const SKIPPED = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
const OWN_ANNOTATIONS = new Set([LAST_CHANGE, 'kubectl.kubernetes.io/last-applied-configuration']);
const MAX_ADDRESSES = 1000;

type Subset = NonNullable<Endpoints['subsets']>[number];
type Address = NonNullable<Subset['addresses']>[number];

/** Endpoints that hold the record of an election, or ask to be left alone, are not mirrored. */
export function isMirrored({ metadata }: Endpoints): boolean {
  return metadata.labels?.[SKIPPED] !== 'true' && metadata.annotations?.[LEADER] === undefined;
}

export interface MirrorInput {
  /** Undefined when nothing is to be mirrored. */
  source: Endpoints | undefined;
  /** The slices that mirror them now. */
  slices: readonly EndpointSlice[];
}

/** One slice for the addresses of a family behind the same ports. Upstream: endpointslicemirroring/reconciler.go. */
export function planMirror({ source, slices }: MirrorInput): Plan {
  if (source === undefined) return { steps: [{ writes: slices.map(deletion) }] };
  const { wanted, skipped } = slicesOf(source);
  const free = new Set(slices);
  const writes: Write[] = [];
  for (const slice of wanted) {
    const present = slices.find((one) => free.has(one) && sameKey(one, slice));
    if (present === undefined) {
      writes.push({ type: 'create', kind: endpointSlices, object: slice });
      continue;
    }
    free.delete(present);
    const { labels, annotations } = slice.metadata;
    const object = { ...present, ...slice, metadata: { ...present.metadata, labels, annotations } };
    if (!sameSlice(present, object)) writes.push({ type: 'update', kind: endpointSlices, object });
  }
  const message = `A max of ${MAX_ADDRESSES} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`;
  const reason = 'TooManyAddressesToMirror';
  const events = skipped > 0 ? [{ kind: endpoints, object: source, type: 'Warning' as const, reason, message }] : [];
  // What comes is there before what goes is gone.
  return { steps: [{ writes }, { writes: [...free].map(deletion) }], events };
}

const deletion = (object: EndpointSlice): Write => ({ type: 'delete', kind: endpointSlices, object });

function slicesOf(source: Endpoints): { wanted: EndpointSlice[]; skipped: number } {
  const wanted = new Map<string, EndpointSlice>();
  let skipped = 0;
  for (const subset of source.subsets ?? []) {
    const ports = portsOf(subset);
    const ready = (subset.addresses ?? []).map((address) => endpointOf(address, true));
    const waiting = (subset.notReadyAddresses ?? []).map((address) => endpointOf(address, false));
    const all = [...ready, ...waiting];
    skipped += Math.max(0, all.length - MAX_ADDRESSES);
    for (const endpoint of all.slice(0, MAX_ADDRESSES)) {
      const [address = ''] = endpoint.addresses ?? [];
      const addressType = address.includes(':') ? 'IPv6' : 'IPv4';
      const key = groupKey(addressType, ports);
      const slice = wanted.get(key) ?? { ...headOf(source), addressType, ports, endpoints: [] };
      wanted.set(key, slice);
      const known = slice.endpoints?.some(({ addresses }) => addresses?.[0] === address);
      if (!known) slice.endpoints?.push(endpoint);
    }
  }
  return { wanted: [...wanted.values()], skipped };
}

function headOf(source: Endpoints): Pick<EndpointSlice, 'apiVersion' | 'kind' | 'metadata'> {
  const { name = '', namespace, labels } = source.metadata;
  const annotations = Object.entries(source.metadata.annotations ?? {}).filter(([key]) => !OWN_ANNOTATIONS.has(key));
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: MANAGER },
      annotations: Object.fromEntries(annotations),
      ownerReferences: [controllerReference(endpoints, source)],
    },
  };
}

function endpointOf({ ip, hostname, nodeName, targetRef }: Address, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    ...(targetRef ? { targetRef } : {}),
  };
}

function portsOf({ ports = [] }: Subset): SlicePort[] {
  return ports.map(({ name = '', port, protocol = 'TCP', appProtocol }) => {
    return { name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) };
  });
}

const sameKey = (a: EndpointSlice, b: EndpointSlice): boolean =>
  groupKey(a.addressType, a.ports ?? []) === groupKey(b.addressType, b.ports ?? []);

function sameSlice(a: EndpointSlice, b: EndpointSlice): boolean {
  const normal = ({ metadata, endpoints: all }: EndpointSlice) => ({
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    endpoints: (all ?? []).map(canonicalText).sort(),
  });
  return sameJson(normal(a), normal(b));
}
