/** Objects that clusters with nodes have beyond what every API server creates. */
import { createClient } from '../client/index.ts';
import { services } from '../kinds/index.ts';
import { StatusError } from '../machinery/status.ts';
import type { Server } from '../server/contract.ts';

/** The address of cluster DNS: the tenth of the service range, as kubeadm has it. */
const DNS_ADDRESS = '10.96.0.10';
const LABELS = { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' };

/** Creates the Service of cluster DNS unless it is there. Every node answers it itself, so it has no selector. */
export async function ensureClusterDns(server: Server): Promise<void> {
  const caller = { name: 'system:apiserver', groups: ['system:masters'] };
  const client = createClient({
    transport: (request) => server.fetch(request, caller),
    baseURL: 'https://kubernetes.default.svc',
  });
  const key = { namespace: 'kube-system', name: 'kube-dns' };
  if (await client.find(services, key)) return;
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
    { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
  ];
  try {
    await client.create(services, { metadata: { ...key, labels: LABELS }, spec: { clusterIP: DNS_ADDRESS, ports } });
  } catch (error) {
    // Another isolate was first.
    if (!(error instanceof StatusError) || error.reason !== 'AlreadyExists') throw error;
  }
}
