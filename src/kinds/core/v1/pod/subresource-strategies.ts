/** Updates that may touch one part of a running pod. Upstream: registry/core/pod strategies of subresources. */
import type { Strategy } from '../../../../machinery/kind.ts';
import type { KubeObject } from '../../../../machinery/meta.ts';
import type { FieldError } from '../../../../machinery/status.ts';
import { forbiddenError } from '../../../../machinery/validation/index.ts';
import { equalJson } from '../../../equal-json.ts';
import type { Container, Pod, PodSpec } from '../../../generated/types/core-v1.ts';
import { internalDiff } from '../../../internal-diff.ts';
import { internalForm } from '../../../internal-form.ts';
import { MIRROR } from '../pod-spec/validate-annotations.ts';
import { validateAnnotationUpdates, validatePod } from './validate.ts';
import { validateResize } from './validate-resize.ts';

/** Puts everything but `spec` back to what is stored; the version the client named stays, as it is a precondition. */
function keepOnly(object: KubeObject, old: Pod, spec: PodSpec): void {
  const { resourceVersion, managedFields } = object.metadata;
  object.metadata = { ...old.metadata };
  if (resourceVersion !== undefined) object.metadata.resourceVersion = resourceVersion;
  if (managedFields !== undefined) object.metadata.managedFields = managedFields;
  if (!equalJson(spec, old.spec)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  Object.assign(object, { spec, status: old.status });
}

export const ephemeralContainersStrategy: Strategy = {
  prepareForUpdate(object, old) {
    const before = old as Pod;
    const { ephemeralContainers } = (object as Pod).spec;
    const spec: PodSpec = { ...before.spec };
    if (ephemeralContainers === undefined) delete spec.ephemeralContainers;
    else spec.ephemeralContainers = ephemeralContainers;
    keepOnly(object, before, spec);
  },
  validateUpdate: (object, old) => validateEphemeralContainers(object as Pod, old as Pod),
};

const EPHEMERAL = 'core/v1.EphemeralContainer';

function validateEphemeralContainers(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[MIRROR] !== undefined)
    return [forbiddenError('[]', 'static pods do not support ephemeral containers')];
  const errors = [...validatePod(pod), ...validateAnnotationUpdates(pod, old)];
  const at = 'spec.ephemeralContainers';
  for (const before of old.spec.ephemeralContainers ?? []) {
    const now = pod.spec.ephemeralContainers?.find((container) => container.name === before.name);
    if (now === undefined)
      errors.push(forbiddenError(at, `existing ephemeral containers "${before.name}" may not be removed\n`));
    else if (!equalJson(now, before))
      errors.push(
        forbiddenError(
          at,
          `existing ephemeral containers "${before.name}" may not be changed\n${internalDiff(internalForm(EPHEMERAL, before), internalForm(EPHEMERAL, now))}`,
        ),
      );
  }
  return errors;
}

/** The containers as they were, with the resources and resize policies asked for; what was asked for when names differ. */
function resized(
  wanted: readonly Container[] | undefined,
  old: readonly Container[] | undefined,
): Container[] | undefined {
  if (!wanted?.length || !old) return old ? [...old] : undefined;
  if (wanted.some(({ name }, index) => name !== old[index]?.name)) return [...wanted];
  return old.map(({ resources: _, resizePolicy: __, ...container }, index) => {
    const { resources, resizePolicy } = wanted[index] as Container;
    return { ...container, ...(resources && { resources }), ...(resizePolicy && { resizePolicy }) };
  });
}

/** Takes resources and resize policies; containers that come, go or move are left to be refused. */
export const resizeStrategy: Strategy = {
  prepareForUpdate(object, old) {
    const before = (old as Pod).spec;
    const { spec } = object as Pod;
    const count = ({ containers, initContainers }: PodSpec): string =>
      `${containers?.length ?? 0} ${initContainers?.length ?? 0}`;
    if (count(spec) !== count(before)) return;
    const next: PodSpec = { ...before, containers: resized(spec.containers, before.containers) ?? [] };
    const starting = resized(spec.initContainers, before.initContainers);
    if (starting) next.initContainers = starting;
    if (spec.resources) next.resources = spec.resources;
    else delete next.resources;
    keepOnly(object, old as Pod, next);
  },
  validateUpdate: (object, old) => validateResize(object as Pod, old as Pod),
};
