/** What a check of the pod security standards sees, and how it words what it finds. */
import type { Container, Pod, PodSpec } from '../../../kinds/index.ts';
import { containersOf } from '../requests.ts';

export interface CheckInput {
  metadata: Pod['metadata'];
  spec: PodSpec;
  containers: Container[];
  /** Minor version of the policy. */
  minor: number;
}

export interface Violation {
  reason: string;
  detail: string;
}

export interface Check {
  /** Checks run in the order of their ids. */
  id: string;
  level: 'baseline' | 'restricted';
  /** First minor version of the policy that has it. */
  since: number;
  /** The baseline check it replaces at the restricted level. */
  replaces?: string;
  run(input: CheckInput): Violation | undefined;
}

export function checkInput(metadata: Pod['metadata'], spec: PodSpec, minor: number): CheckInput {
  return { metadata, spec, containers: containersOf(spec), minor };
}

export const isWindows = ({ spec, minor }: CheckInput): boolean => minor >= 25 && spec.os?.name === 'windows';
/** In a user namespace, root of the container is nobody on the node. */
export const isInUserNamespace = ({ spec, minor }: CheckInput): boolean => minor >= 35 && spec.hostUsers === false;

export const quoteAll = (values: Iterable<string>): string =>
  [...values].map((value) => JSON.stringify(value)).join(', ');
export const sortedSet = (values: Iterable<string>): string[] => [...new Set(values)].sort();
export const plural = (one: string, count: number, many = `${one}s`): string => (count === 1 ? one : many);

/** `container "a"`, `containers "a", "b"`. */
export const named = (containers: readonly Container[]): string =>
  `${plural('container', containers.length)} ${quoteAll(containers.map((container) => container.name))}`;

/** `pod`, `container "a"`, or both. */
export function setters(pod: boolean, containers: readonly Container[]): string {
  return [...(pod ? ['pod'] : []), ...(containers.length > 0 ? [named(containers)] : [])].join(' and ');
}

/** A check that names the containers it finds fault with. */
export function containerCheck(
  reason: string,
  isBad: (container: Container, input: CheckInput) => boolean,
  rest: string,
): Check['run'] {
  return (input) => {
    const bad = input.containers.filter((container) => isBad(container, input));
    return bad.length > 0 ? { reason, detail: `${named(bad)} ${rest}` } : undefined;
  };
}
