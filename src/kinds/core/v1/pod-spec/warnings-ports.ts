/** Ports of a pod that are given more than once. Upstream: pkg/api/pod warningsForPodSpecAndMeta. */
import { quote } from '../../../../machinery/quote.ts';
import type { ContainerPort, PodSpec } from '../../../generated/types/core-v1.ts';
import { visitContainers } from './visit.ts';

interface Seen {
  path: string;
  port: ContainerPort;
}

export function portWarnings(spec: PodSpec, at: string): string[] {
  const warnings: string[] = [];
  const seen = new Map<string, Seen[]>();
  visitContainers(spec, at, ({ ports }, path) => {
    for (const [index, port] of (ports ?? []).entries()) {
      const field = `${path}.ports[${index}]`;
      if (port.hostIP && !port.hostPort) warnings.push(`${field}: hostIP set without hostPort: ${goStruct(port)}`);
      const key = `${port.containerPort}/${port.protocol}`;
      const others = seen.get(key) ?? [];
      for (const other of others) {
        const how = clash(port, other.port);
        if (how !== undefined) warnings.push(`${field}: ${how} port definition with ${other.path}`);
      }
      seen.set(key, [...others, { path: field, port }]);
    }
  });
  return [...warnings, ...nameWarnings(spec, at)];
}

function nameWarnings(spec: PodSpec, at: string): string[] {
  const warnings: string[] = [];
  const first = new Map<string, string>();
  visitContainers(spec, at, ({ ports }, path) => {
    for (const [index, { name }] of (ports ?? []).entries()) {
      const field = `${path}.ports[${index}]`;
      const other = name ? first.get(name) : undefined;
      if (other !== undefined) {
        const effect = `services and probes that select ports by name will use ${other}`;
        warnings.push(`${field}: duplicate port name ${quote(name ?? '')} with ${other}, ${effect}`);
      } else if (name) first.set(name, field);
    }
  });
  return warnings;
}

/** How two definitions of one port go together; undefined when well. */
function clash(a: ContainerPort, b: ContainerPort): string | undefined {
  const [host, otherHost] = [a.hostPort ?? 0, b.hostPort ?? 0];
  const [ip, otherIP] = [a.hostIP ?? '', b.hostIP ?? ''];
  if (ip === otherIP && host === otherHost) return 'duplicate';
  if (host === 0 || otherHost === 0) return 'overlapping';
  return host === otherHost && (ip === '') !== (otherIP === '') ? 'dangerously ambiguous' : undefined;
}

const goStruct = ({ name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' }: ContainerPort): string =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
