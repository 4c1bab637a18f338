/** Turns the priority class of a pod into numbers. Upstream: plugin/pkg/admission/priority. */
import type { PriorityClass } from '../../../kinds/index.ts';
import type { AdmissionPlugin, ConfigSnapshot } from '../../contract.ts';
import { findObject, isPod, podOf, refusal } from '../requests.ts';

const CLASSES = 'priorityclasses.scheduling.k8s.io';
const DEFAULT_PREEMPTION = 'PreemptLowerPriority';

export const priority: AdmissionPlugin = {
  name: 'Priority',
  handles: (request) => isPod(request, 'CREATE', 'UPDATE') || isClassWrite(request),
  async admit(request, context) {
    if (!isPod(request, 'CREATE', 'UPDATE')) return;
    const { spec } = podOf(request);
    if (request.operation === 'UPDATE') {
      // Updates may not change priority; a client that leaves it out means what is there.
      const old = request.oldObject as unknown as { spec?: typeof spec };
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
    if (!isClassWrite(request)) return;
    const wanted = request.object as unknown as PriorityClass;
    if (!wanted.globalDefault) return;
    const present = defaultClass(context.config);
    if (!present || present.metadata.name === wanted.metadata.name) return;
    throw refusal(
      request,
      `PriorityClass ${present.metadata.name} is already marked as default. Only one default can exist`,
    );
  },
};

function isClassWrite({
  kind,
  operation,
  subresource,
}: {
  kind: { storedAs: string };
  operation: string;
  subresource: string;
}): boolean {
  return kind.storedAs === CLASSES && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE');
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
