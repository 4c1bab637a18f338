import type { EndpointSlice, Service, ServicePort } from '../../../src/kinds/index.ts';

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number];

export function service(
  name: string,
  clusterIP: string,
  options: { port?: Partial<ServicePort>; spec?: Partial<Service['spec']>; namespace?: string } = {},
): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: options.namespace ?? 'default' },
    spec: {
      clusterIP,
      selector: { app: name },
      ports: [{ port: 80, protocol: 'TCP', ...options.port }],
      ...options.spec,
    },
  };
}

export function slice(
  name: string,
  endpoints: (string | Endpoint)[],
  options: { port?: number; portName?: string; namespace?: string; protocol?: string } = {},
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-abc12`,
      namespace: options.namespace ?? 'default',
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType: 'IPv4',
    endpoints: endpoints.map((one) =>
      typeof one === 'string'
        ? { addresses: [one], conditions: { ready: true, serving: true, terminating: false }, nodeName: 'n1' }
        : one,
    ),
    ports: [{ name: options.portName ?? '', port: options.port ?? 8080, protocol: options.protocol ?? 'TCP' }],
  };
}
