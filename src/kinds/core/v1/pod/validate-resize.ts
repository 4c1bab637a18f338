/** Resources of a running pod. Upstream: core/validation ValidatePodResize. */
import type { FieldError } from '../../../../machinery/status.ts';
import { forbiddenError, invalidError } from '../../../../machinery/validation/index.ts';
import { equalJson } from '../../../equal-json.ts';
import type { Container, Pod, PodSpec, ResourceRequirements } from '../../../generated/types/core-v1.ts';
import { MIRROR } from '../pod-spec/validate-annotations.ts';
import { qosClassOf } from './qos.ts';
import { validatePod } from './validate.ts';

const COMPUTE = ['cpu', 'memory'];
const FIELDS = ['containers', 'initContainers'] as const;
const ONLY_COMPUTE = 'only cpu and memory resources are mutable';

type Amounts = Readonly<Record<string, string>>;

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
  // What may change is put back, so that what is left must be as it was.
  const rest: PodSpec = { ...pod.spec };
  if (hasAmounts(old.spec) || hasAmounts(pod.spec)) errors.push(...validatePodLevel(rest, pod.spec, old.spec));
  if (old.status?.nodeAllocatableResourceClaimStatuses?.length)
    errors.push(forbiddenError('spec', 'pods with node allocatable resource claims cannot be resized'));
  const moved = FIELDS.flatMap((field) => validateOrder(pod.spec[field] ?? [], old.spec[field] ?? [], field));
  if (moved.length > 0) return [...errors, ...moved];
  errors.push(...validateRemovals(pod.spec, old.spec), ...validateContainers(rest, old.spec));
  if (errors.length > 0 || equalJson(rest, old.spec)) return errors;
  return [forbiddenError('spec', ONLY_COMPUTE)];
}

const hasAmounts = ({ resources }: PodSpec): boolean =>
  Object.keys(resources?.requests ?? {}).length + Object.keys(resources?.limits ?? {}).length > 0;

/** Puts compute resources of the pod as a whole back in `rest`. Upstream: validatePodLevelResourcesResize. */
function validatePodLevel(rest: PodSpec, spec: PodSpec, old: PodSpec): FieldError[] {
  const [now, before] = [spec.resources, old.resources];
  if (before && !now) return [forbiddenError('spec.resources', 'pod-level resources cannot be removed')];
  const errors = (['requests', 'limits'] as const)
    .filter((field) => lacks(now?.[field], before?.[field]))
    .map((field) => forbiddenError(`spec.resources.${field}`, `pod-level resource ${field} cannot be removed`));
  const kept = now && { ...now, ...withoutCompute(now, before) };
  if (!before && kept && !hasAmounts({ resources: kept }) && !kept.claims?.length) delete rest.resources;
  else if (kept) rest.resources = kept;
  if (!sameResources(rest.resources, before))
    errors.push(forbiddenError('spec', 'only cpu and memory resources are mutable at pod-level'));
  else if (before) rest.resources = before;
  return errors;
}

function validateOrder(now: readonly Container[], old: readonly Container[], field: string): FieldError[] {
  const path = `spec.${field}`;
  if (now.length !== old.length) return [forbiddenError(path, `${field} may not be added or removed on resize`)];
  const why = `${field} may not be renamed or reordered on resize`;
  return old.flatMap(({ name }, index) =>
    now[index]?.name === name ? [] : [forbiddenError(`${path}[${index}].name`, why)],
  );
}

/** What was asked for may change but not go. */
function validateRemovals(spec: PodSpec, old: PodSpec): FieldError[] {
  return (['initContainers', 'containers'] as const).flatMap((list) =>
    (old[list] ?? []).flatMap(({ resources: before }, index) =>
      (['requests', 'limits'] as const)
        .filter((field) => lacks(spec[list]?.[index]?.resources?.[field], before?.[field]))
        .map((field) =>
          forbiddenError(`spec.${list}[${index}].resources.${field}`, `resource ${field} cannot be removed`),
        ),
    ),
  );
}

const lacks = (now: Amounts | undefined, old: Amounts | undefined): boolean =>
  Object.keys(old ?? {}).some((name) => now?.[name] === undefined);

/** Puts compute resources of the containers back in `rest`. */
function validateContainers(rest: PodSpec, old: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  const back = (container: Container, before: Container, found: () => FieldError): Container => {
    const kept = { ...container, resources: withoutCompute(container.resources, before.resources) };
    const same = sameResources(kept.resources, before.resources) && equalJson(plain(kept), plain(before));
    if (!same) errors.push(found());
    return same ? before : kept;
  };
  rest.containers = (rest.containers ?? []).map((container, index) =>
    back(container, old.containers?.[index] as Container, () => forbiddenError('spec', ONLY_COMPUTE)),
  );
  const why = 'only cpu and memory resources for init or sidecar containers are mutable';
  const starting = rest.initContainers?.map((container, index) => {
    const before = old.initContainers?.[index] as Container;
    const at = `spec.initContainers[${index}]`;
    const kept = back(container, before, () => forbiddenError(at, why));
    const isChanged = !equalJson(container, before) && container.restartPolicy !== 'Always';
    for (const policy of isChanged ? (container.resizePolicy ?? []) : [])
      if (policy.restartPolicy === 'RestartContainer') errors.push(forbiddenError(at, NO_RESTART));
    return kept;
  });
  if (starting) rest.initContainers = starting;
  return errors;
}

const NO_RESTART = 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized';

const plain = ({ resources: _, ...others }: Container): object => others;

/** The amounts with those of compute resources as they were; claims are lost, as they are upstream. */
function withoutCompute(
  now: ResourceRequirements | undefined,
  old: ResourceRequirements | undefined,
): Pick<ResourceRequirements, 'limits' | 'requests'> {
  const mixed = (field: 'limits' | 'requests'): Record<string, string> => ({
    ...Object.fromEntries(Object.entries(now?.[field] ?? {}).filter(([name]) => !COMPUTE.includes(name))),
    ...Object.fromEntries(Object.entries(old?.[field] ?? {}).filter(([name]) => COMPUTE.includes(name))),
  });
  return { limits: mixed('limits'), requests: mixed('requests') };
}

/** Whether both ask for the same; nothing is the same as an empty list. */
const sameResources = (a: ResourceRequirements | undefined, b: ResourceRequirements | undefined): boolean =>
  equalJson(a?.limits ?? {}, b?.limits ?? {}) &&
  equalJson(a?.requests ?? {}, b?.requests ?? {}) &&
  equalJson(a?.claims ?? [], b?.claims ?? []);
