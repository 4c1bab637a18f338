/** Applies what a RuntimeClass asks of its pods. Upstream: plugin/pkg/admission/runtimeclass. */
import { equalJson, type PodSpec, type RuntimeClass, type Toleration } from '../../../kinds/index.ts';
import { sentEmpty } from '../../../machinery/explicit-empty.ts';
import { compareQuantities } from '../../../machinery/quantity.ts';
import { StatusError } from '../../../machinery/status.ts';
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest } from '../../contract.ts';
import { findObject, isPodCreate, podOf, refusal } from '../requests.ts';

export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  handles: isPodCreate,
  async admit(request, context) {
    const { spec } = podOf(request);
    const found = await classOf(request, spec, context);
    if (!found) return;
    addOverhead(request, spec, found);
    addScheduling(request, spec, found);
  },
  async validate(request, context) {
    const { spec } = podOf(request);
    const found = await classOf(request, spec, context);
    if ((spec.overhead ?? sentEmpty(spec, 'overhead')) && !found?.overhead) {
      throw refusal(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
    }
    if (found?.overhead && !sameQuantities(spec.overhead, found.overhead.podFixed)) {
      throw refusal(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
  },
};

async function classOf(
  request: AdmissionRequest,
  spec: PodSpec,
  context: AdmissionContext,
): Promise<RuntimeClass | undefined> {
  const name = spec.runtimeClassName;
  if (name === undefined || name === null) return undefined;
  // To upstream's client this is an error of the caller's.
  if (name === '') throw new StatusError(500, '', 'resource name may not be empty');
  const found = await findObject<RuntimeClass>(context, {
    resource: 'runtimeclasses.node.k8s.io',
    namespace: '',
    name,
  });
  if (!found) throw refusal(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
  return found;
}

function addOverhead(request: AdmissionRequest, spec: PodSpec, { overhead }: RuntimeClass): void {
  if (!overhead) return;
  if (spec.overhead && Object.keys(spec.overhead).length > 0) {
    if (sameQuantities(spec.overhead, overhead.podFixed)) return;
    throw refusal(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  }
  if (overhead.podFixed) spec.overhead = { ...overhead.podFixed };
}

function addScheduling(request: AdmissionRequest, spec: PodSpec, { scheduling }: RuntimeClass): void {
  if (!scheduling) return;
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== value) {
      throw refusal(
        request,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
      );
    }
  }
  if (scheduling.nodeSelector) spec.nodeSelector = { ...spec.nodeSelector, ...scheduling.nodeSelector };
  if (scheduling.tolerations?.length) {
    const all = [...(spec.tolerations ?? []), ...scheduling.tolerations.map((one) => ({ ...one }))];
    spec.tolerations = mergeTolerations(all);
  }
}

/** Leaves out each that another one covers; of equal ones the first stays. Upstream: util/tolerations MergeTolerations. */
function mergeTolerations(all: readonly Toleration[]): Toleration[] {
  const merged: Toleration[] = [];
  for (const [index, one] of all.entries()) {
    const later = all.slice(index + 1);
    if (merged.some((other) => covers(other, one))) continue;
    if (later.some((other) => !equalJson(one, other) && covers(other, one))) continue;
    merged.push(one);
  }
  return merged;
}

/** Whether `wide` tolerates all that `narrow` does. */
function covers(wide: Toleration, narrow: Toleration): boolean {
  if (equalJson(wide, narrow)) return true;
  const everyKey = !wide.key && wide.operator === 'Exists';
  if (narrow.key !== wide.key && !everyKey) return false;
  if (wide.effect && narrow.effect !== wide.effect) return false;
  if (wide.effect === 'NoExecute' && wide.tolerationSeconds !== undefined) {
    if (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > wide.tolerationSeconds) return false;
  }
  if (wide.operator === 'Exists') return true;
  const comparesEqual = !wide.operator || wide.operator === 'Equal';
  return comparesEqual && narrow.operator === 'Equal' && (narrow.value ?? '') === (wide.value ?? '');
}

function sameQuantities(a: Record<string, string> | undefined, b: Record<string, string> | undefined): boolean {
  const [left, right] = [Object.entries(a ?? {}), Object.entries(b ?? {})];
  return (
    left.length === right.length &&
    left.every(([key, value]) => b?.[key] !== undefined && compareQuantities(value, b[key]) === 0)
  );
}
