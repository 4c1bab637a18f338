/** Upstream: api/v1/pod VisitContainersWithPath. */
import type { Container, PodSpec } from '../../../generated/types/core-v1.ts';

/** Calls `visit` for the containers of every kind, those that start first first. */
export function visitContainers(
  spec: PodSpec,
  path: string,
  visit: (container: Container, path: string) => void,
): void {
  for (const field of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    const list = spec[field];
    if (list) for (let i = 0; i < list.length; i++) visit(list[i] as Container, `${path}.${field}[${i}]`);
  }
}
