import type { Container } from '../../kinds/index.ts';

/** A port by number or by the name the container gives it; throws when there is none. Upstream: pkg/probe.ResolveContainerPort. */
export function resolvePort(container: Container, port: number | string): number {
  const number = typeof port === 'number' ? port : /^\d+$/.test(port) ? Number(port) : namedPort(container, port);
  if (number < 1 || number > 65_535) throw new Error(`invalid port number: ${number}`);
  return number;
}

function namedPort(container: Container, name: string): number {
  const port = container.ports?.find((candidate) => candidate.name === name);
  if (port === undefined) throw new Error(`couldn't find port: ${JSON.stringify(name)} in container ${container.name}`);
  return port.containerPort;
}
