import {
  DEFAULT_CLASS_ANNOTATION,
  defaultIngressClass,
  EDGE_CONTROLLER,
  type Ingress,
  type IngressClass,
  type IngressLoadBalancerIngress,
  ingressClasses,
  ingresses,
  isEdgeIngress,
} from '../../kinds/index.ts';
import type { Plan } from '../runtime/apply-plan.ts';
import { sameJson } from '../runtime/canonical.ts';

const CLASS = 'kedge';

/** Creates the class of the edge where there is none, as the default unless the cluster has one already. */
export function planIngressClass(classes: readonly IngressClass[]): Plan {
  if (classes.some(({ spec }) => spec.controller === EDGE_CONTROLLER)) return { steps: [] };
  const annotations = defaultIngressClass(classes) === undefined ? { [DEFAULT_CLASS_ANNOTATION]: 'true' } : undefined;
  const object = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: CLASS, ...(annotations === undefined ? {} : { annotations }) },
    spec: { controller: EDGE_CONTROLLER },
  };
  return { steps: [{ writes: [{ type: 'create', kind: ingressClasses, object }] }] };
}

export interface IngressStatusInput {
  ingress: Ingress;
  classes: readonly IngressClass[];
  /** Address or host name at which the edge listens; without one, every host of the rules leads to it. */
  edgeAddress?: string;
}

/** Writes where an Ingress is served, and takes it back, and only that, when the edge serves it no more. */
export function planIngressStatus({ ingress, classes, edgeAddress }: IngressStatusInput): Plan {
  const addresses = edgeAddress === undefined ? addressesOfHosts(ingress) : [addressOf(edgeAddress)];
  const present = ingress.status?.loadBalancer?.ingress ?? [];
  const served = isEdgeIngress(ingress, classes);
  const right = sameJson(present, addresses);
  // Entries of another controller are its own business.
  if (served ? right : !right || present.length === 0) return { steps: [] };
  const loadBalancer = served && addresses.length > 0 ? { ingress: addresses } : {};
  const object = { ...ingress, status: { ...ingress.status, loadBalancer } };
  return { steps: [{ writes: [{ type: 'update', kind: ingresses, object, subresource: 'status' }] }] };
}

function addressesOfHosts({ spec }: Ingress): IngressLoadBalancerIngress[] {
  const hosts = (spec.rules ?? []).flatMap(({ host }) => (host && !host.startsWith('*') ? [host] : []));
  return [...new Set(hosts)].map((hostname) => ({ hostname }));
}

function addressOf(address: string): IngressLoadBalancerIngress {
  return /^[\d.]+$/.test(address) || address.includes(':') ? { ip: address } : { hostname: address };
}
