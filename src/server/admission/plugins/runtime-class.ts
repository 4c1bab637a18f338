/** Applies what a RuntimeClass asks of its pods. Upstream: plugin/pkg/admission/runtimeclass. */
import type { PodSpec, RuntimeClass, Toleration } from '../../../kinds/index.ts';
import { compareQuantities } from '../../../machinery/quantity.ts';
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
    if (spec.overhead && Object.keys(spec.overhead).length > 0 && !found?.overhead) {
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
  if (!name) return undefined;
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
  const present = spec.tolerations ?? [];
  const added = (scheduling.tolerations ?? []).filter((one) => !present.some((other) => sameToleration(one, other)));
  if (added.length > 0) spec.tolerations = [...present, ...added.map((one) => ({ ...one }))];
}

const sameToleration = (a: Toleration, b: Toleration): boolean =>
  a.key === b.key &&
  (a.operator ?? 'Equal') === (b.operator ?? 'Equal') &&
  a.value === b.value &&
  a.effect === b.effect &&
  a.tolerationSeconds === b.tolerationSeconds;

function sameQuantities(a: Record<string, string> | undefined, b: Record<string, string> | undefined): boolean {
  const [left, right] = [Object.entries(a ?? {}), Object.entries(b ?? {})];
  return (
    left.length === right.length &&
    left.every(([key, value]) => b?.[key] !== undefined && compareQuantities(value, b[key]) === 0)
  );
}
