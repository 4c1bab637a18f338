import { type ConfigMap, configMaps } from '../../kinds/index.ts';
import type { Plan } from '../runtime/apply-plan.ts';

export const NAME = 'kube-root-ca.crt';
const DESCRIPTION = 'kubernetes.io/description';
/** Part of the API: what a stock cluster carries. */
const TEXT =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the ' +
  'internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes ' +
  'clusters.';

export interface RootCaInput {
  namespace: string;
  existing: ConfigMap | undefined;
  /** PEM. */
  caCertificate: string;
}

/** Creates the ConfigMap, or puts its data right; other annotations and labels are left alone. */
export function planRootCa({ namespace, existing, caCertificate }: RootCaInput): Plan {
  const data = { 'ca.crt': caCertificate };
  if (existing === undefined) {
    const metadata = { name: NAME, namespace, annotations: { [DESCRIPTION]: TEXT } };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
    return { steps: [{ writes: [{ type: 'create', kind: configMaps, object }] }] };
  }
  const { annotations } = existing.metadata;
  const right = Object.keys(existing.data ?? {}).length === 1 && existing.data?.['ca.crt'] === caCertificate;
  if (right && annotations?.[DESCRIPTION] !== undefined) return { steps: [] };
  const metadata = { ...existing.metadata, annotations: { ...annotations, [DESCRIPTION]: TEXT } };
  return { steps: [{ writes: [{ type: 'update', kind: configMaps, object: { ...existing, metadata, data } }] }] };
}
