/** Variables that tell containers of Services. Upstream: pkg/kubelet/envvars. */
import type { Pod, Service } from '../../kinds/index.ts';

const upper = (name: string): string => name.toUpperCase().replaceAll('-', '_');

function variablesOf(service: Service): [string, string][] {
  const ports = service.spec?.ports ?? [];
  const ip = service.spec?.clusterIP ?? '';
  const first = ports[0];
  if (first === undefined) return [];
  const prefix = upper(service.metadata.name ?? '');
  const host = ip.includes(':') ? `[${ip}]` : ip;
  const out: [string, string][] = [
    [`${prefix}_SERVICE_HOST`, ip],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
  ];
  for (const port of ports) if (port.name) out.push([`${prefix}_SERVICE_PORT_${upper(port.name)}`, String(port.port)]);
  for (const [index, port] of ports.entries()) {
    const protocol = (port.protocol ?? 'TCP').toLowerCase();
    const url = `${protocol}://${host}:${port.port}`;
    const name = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
    if (index === 0) out.push([`${prefix}_PORT`, url]);
    out.push([name, url], [`${name}_PROTO`, protocol], [`${name}_PORT`, String(port.port)], [`${name}_ADDR`, ip]);
  }
  return out;
}

const hasClusterIP = (service: Service): boolean => {
  const ip = service.spec?.clusterIP;
  return ip !== undefined && ip !== '' && ip !== 'None';
};

/** The variables of the pod's namespace and of `default/kubernetes`; only the latter without `enableServiceLinks`. */
export function serviceVariables(
  pod: Pod,
  inNamespace: readonly Service[],
  inDefault: readonly Service[],
): Map<string, string> {
  const chosen = new Map<string, Service>();
  for (const service of inDefault) if (service.metadata.name === 'kubernetes') chosen.set('kubernetes', service);
  if (pod.spec?.enableServiceLinks !== false) {
    for (const service of inNamespace) chosen.set(service.metadata.name ?? '', service);
  }
  return new Map([...chosen.values()].filter(hasClusterIP).flatMap(variablesOf));
}
