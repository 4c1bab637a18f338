import type { Ingress, IngressClass } from '../../generated/types/networking-v1.ts';

/** The controller that an IngressClass names when its Ingresses are served by the edge of Kedge. */
export const EDGE_CONTROLLER = 'kedge.dev/edge';
/** Marks the class of Ingresses that name none. */
export const DEFAULT_CLASS_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class';
/** How a class was named before `ingressClassName`; upstream still lets controllers honour it. */
const LEGACY_CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

/**
 * The class that Ingresses without one belong to: of several that are marked, the newest, by name where they are
 * equally old. Upstream: plugin/pkg/admission/network/defaultingressclass.
 */
export function defaultIngressClass(classes: readonly IngressClass[]): IngressClass | undefined {
  const marked = classes.filter(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS_ANNOTATION] === 'true');
  const age = ({ metadata }: IngressClass) => metadata.creationTimestamp ?? '';
  return marked.sort((a, b) => {
    if (age(a) !== age(b)) return age(a) < age(b) ? 1 : -1;
    return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
  })[0];
}

/** Whether the edge serves an Ingress. One that names no class is served unless the default class is somebody else's. */
export function isEdgeIngress(ingress: Ingress, classes: readonly IngressClass[]): boolean {
  const name = ingress.spec.ingressClassName ?? ingress.metadata.annotations?.[LEGACY_CLASS_ANNOTATION];
  const chosen =
    name === undefined ? defaultIngressClass(classes) : classes.find(({ metadata }) => metadata.name === name);
  if (chosen === undefined) return name === undefined;
  return chosen.spec.controller === EDGE_CONTROLLER;
}
