/** Turns the priority class of a pod into numbers. Upstream: plugin/pkg/admission/priority. */
import type { PriorityClass } from '../../../kinds/index.ts';
import type { AdmissionPlugin, AdmissionRequest, ConfigSnapshot } from '../../contract.ts';
import { findObject, isPod, podOf, refusal } from '../requests.ts';

const CLASSES = 'priorityclasses.scheduling.k8s.io';
const SYSTEM_CLASSES: ReadonlySet<string> = new Set(['system-node-critical', 'system-cluster-critical']);
const DEFAULT_PREEMPTION = 'PreemptLowerPriority';

export const priority: AdmissionPlugin = {
  name: 'Priority',
  handles: (request) => isPod(request, 'CREATE', 'UPDATE') || isClassChange(request),
  async admit(request, context) {
    if (!isPod(request, 'CREATE', 'UPDATE')) return;
    const { spec } = podOf(request);
    if (request.operation === 'UPDATE') {
      // Updates may not change priority; a client that leaves it out means what is there.
      const old = request.oldObject as { spec?: typeof spec };
      spec.priority ??= old?.spec?.priority;
      spec.preemptionPolicy ??= old?.spec?.preemptionPolicy;
      return;
    }
    let found: PriorityClass | undefined;
    if (spec.priorityClassName) {
      found = await findObject<PriorityClass>(context, {
        resource: CLASSES,
        namespace: '',
        name: spec.priorityClassName,
      });
      if (!found) throw refusal(request, `no PriorityClass with name ${spec.priorityClassName} was found`);
    } else {
      found = defaultClass(context.config);
      if (found) spec.priorityClassName = found.metadata.name ?? '';
    }
    const value = found?.value ?? 0;
    const policy = found?.preemptionPolicy ?? DEFAULT_PREEMPTION;
    const computed = 'priority admission controller computed';
    if (spec.priority !== undefined && spec.priority !== value) {
      throw refusal(
        request,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; ${computed} ${value} from the given PriorityClass name`,
      );
    }
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
      throw refusal(
        request,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; ${computed} ${policy} from the given PriorityClass name`,
      );
    }
    spec.priority = value;
    spec.preemptionPolicy = policy;
  },
  validate(request, context) {
    if (!isClassChange(request)) return;
    if (request.operation === 'DELETE') return keepSystemClass(request);
    const wanted = request.object as PriorityClass;
    if (!wanted.globalDefault) return;
    const present = defaultClass(context.config);
    if (!present || present.metadata.name === wanted.metadata.name) return;
    throw refusal(
      request,
      `PriorityClass ${present.metadata.name} is already marked as default. Only one default can exist`,
    );
  },
};

const isClassChange = ({ kind, subresource }: AdmissionRequest): boolean =>
  kind.storedAs === CLASSES && subresource === '';

/** Upstream: registry/scheduling/priorityclass/storage Delete. */
function keepSystemClass(request: AdmissionRequest): void {
  if (SYSTEM_CLASSES.has(request.oldObject?.metadata.name ?? ''))
    throw refusal(request, 'this is a system priority class and cannot be deleted');
}

/** Of several defaults the one with the lowest value counts. */
function defaultClass(config: ConfigSnapshot): PriorityClass | undefined {
  return config.derive('admission/default-priority', [CLASSES], (snapshot) =>
    snapshot
      .list<PriorityClass>(CLASSES)
      .filter((one) => one.globalDefault)
      .sort((a, b) => (a.value ?? 0) - (b.value ?? 0))
      .at(0),
  );
}
