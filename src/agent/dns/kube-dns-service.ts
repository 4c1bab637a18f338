/** The Service that pods know cluster DNS by. */
import type { Client } from '../../client/client.ts';
import type { Service } from '../../kinds/index.ts';
import type { KindRef } from '../../machinery/kind.ts';
import { StatusError } from '../../machinery/status.ts';

const SERVICES: KindRef<Service> = {
  group: '',
  version: 'v1',
  kind: 'Service',
  resource: 'services',
  namespaced: true,
};

export const KUBE_DNS = { namespace: 'kube-system', name: 'kube-dns' } as const;

/** Creates `kube-system/kube-dns` at `clusterIP` unless it is there. Every node answers it itself, so it has no selector. */
export async function ensureKubeDnsService(client: Client, clusterIP: string): Promise<void> {
  if (await client.find(SERVICES, KUBE_DNS)) return;
  const service: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      ...KUBE_DNS,
      labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
    },
    spec: {
      clusterIP,
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
        { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
      ],
    },
  };
  await client.create(SERVICES, service).catch((error: unknown) => {
    // Another node was quicker.
    if (!(error instanceof StatusError) || error.code !== 409) throw error;
  });
}
