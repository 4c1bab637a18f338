/** Resources of a running pod. Upstream: core/validation ValidatePodResize. */
import type { FieldError } from '../../../../machinery/status.ts';
import { forbiddenError, invalidError } from '../../../../machinery/validation/index.ts';
import { equalJson } from '../../../equal-json.ts';
import type { Container, Pod, ResourceRequirements } from '../../../generated/types/core-v1.ts';
import { MIRROR } from '../pod-spec/validate-annotations.ts';
import { qosClassOf } from './qos.ts';
import { validatePod } from './validate.ts';

const COMPUTE = ['cpu', 'memory'];

export function validateResize(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[MIRROR] !== undefined) return [forbiddenError('[]', 'static pods cannot be resized')];
  if (old.spec.os?.name === 'windows') return [forbiddenError('[]', 'windows pods cannot be resized')];
  const errors = validatePod(pod);
  if ((old.status?.qosClass ?? qosClassOf(old.spec)) !== qosClassOf(pod.spec)) {
    const why = 'Pod QOS Class may not change as a result of resizing';
    errors.push(invalidError('spec', pod.status?.qosClass ?? '', why));
  }
  const running = old.status?.containerStatuses?.find((status) => status.state?.running);
  if (running && !running.resources)
    errors.push(forbiddenError('spec', 'Pod running on node without support for resize'));
  for (const field of ['initContainers', 'containers'] as const) {
    for (const [index, before] of (old.spec[field] ?? []).entries()) {
      const now = pod.spec[field]?.[index];
      if (now) errors.push(...validateRemoval(now.resources, before.resources, `spec.${field}[${index}].resources`));
    }
  }
  errors.push(...validateRemoval(pod.spec.resources, old.spec.resources, 'spec.resources'));
  return [...errors, ...validateComputeOnly(pod, old)];
}

/** What was asked for may change but not go. */
function validateRemoval(
  now: ResourceRequirements | undefined,
  old: ResourceRequirements | undefined,
  path: string,
): FieldError[] {
  const removed = (field: 'requests' | 'limits'): boolean =>
    Object.keys(old?.[field] ?? {}).some((name) => now?.[field]?.[name] === undefined);
  return (['requests', 'limits'] as const)
    .filter(removed)
    .map((field) => forbiddenError(`${path}.${field}`, `resource ${field} cannot be removed`));
}

/** Whether containers differ in more than compute resources. */
function differs(now: Container, old: Container): boolean {
  const rest = (resources: ResourceRequirements | undefined): object => {
    const without = (list: Readonly<Record<string, string>> | undefined): object =>
      Object.fromEntries(Object.entries(list ?? {}).filter(([name]) => !COMPUTE.includes(name)));
    return { requests: without(resources?.requests), limits: without(resources?.limits), claims: resources?.claims };
  };
  const plain = ({ resources: _, resizePolicy: __, ...others }: Container): object => others;
  return !equalJson(rest(now.resources), rest(old.resources)) || !equalJson(plain(now), plain(old));
}

function validateComputeOnly(pod: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, before] of (old.spec.containers ?? []).entries()) {
    const now = pod.spec.containers?.[index];
    if (now && differs(now, before)) errors.push(forbiddenError('spec', 'only cpu and memory resources are mutable'));
  }
  for (const [index, before] of (old.spec.initContainers ?? []).entries()) {
    const now = pod.spec.initContainers?.[index];
    if (now && differs(now, before)) {
      const why = 'only cpu and memory resources for sidecar containers are mutable';
      errors.push(forbiddenError('spec', why));
    }
  }
  return errors;
}
