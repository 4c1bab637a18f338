/** Gives a pod its node. Upstream: registry/core/pod/storage/storage.go BindingREST. */
import { pods } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { quote } from '../../machinery/quote.ts';
import { badRequest, conflict, type Status, StatusError } from '../../machinery/status.ts';
import { apiTime } from '../../machinery/time.ts';
import { negotiateOutput } from '../negotiation/accept.ts';
import { respondValue } from '../respond/object.ts';
import type { ResourceCall } from '../scope.ts';
import { admissionRequest } from '../verbs/context.ts';
import { optionsObject } from '../verbs/create.ts';
import { readObject } from '../verbs/decode-body.ts';
import { checkNamespace } from '../verbs/metadata.ts';
import { parseWriteOptions } from '../verbs/options.ts';
import { updateObject } from '../verbs/update-object.ts';
import type { SubresourceHandler } from './handler.ts';

interface Binding extends KubeObject {
  target?: { kind?: string; name?: string };
}

interface PodShape extends KubeObject {
  spec?: { nodeName?: string; schedulingGates?: unknown[] };
  status?: { conditions?: PodCondition[]; nominatedNodeName?: string };
}

interface PodCondition {
  type: string;
  status: string;
  observedGeneration?: number;
  lastProbeTime: null;
  lastTransitionTime: string;
  reason?: string;
  message?: string;
}

/** POST of `pods/NAME/binding`, and of the collection `bindings`. */
export const bindingSubresource: SubresourceHandler = {
  async answer(call) {
    const { parts, scope } = call;
    const output = negotiateOutput(scope.request, scope.query, { transforms: 'metadata' });
    const options = parseWriteOptions(scope, 'CreateOptions');
    const kind = parts.kinds.byKind('', 'v1', 'Binding') ?? call.kind;
    const binding = (await readObject(call, kind, options)) as Binding;
    checkNamespace(call, binding);
    const name = call.name === '' ? (binding.metadata.name ?? '') : call.name;
    if (name === '') throw badRequest('Name parameter required.');
    const onPod: ResourceCall = { ...call, kind: pods, name };
    // The collection is a resource of its own.
    const request = admissionRequest(call.name === '' ? { ...call, name } : onPod, {
      operation: 'CREATE',
      subresource: call.name === '' ? '' : 'binding',
      object: binding,
      options: optionsObject('CreateOptions', options),
      dryRun: options.dryRun,
    });
    await parts.admission.admit(request);
    if (binding.metadata.name !== name) throw badRequest('name in URL does not match name in Binding object');
    checkTarget(binding);
    await parts.admission.validate(request);
    await updateObject(onPod, {
      options,
      optionsKind: 'CreateOptions',
      subresource: 'binding',
      strategy: {},
      generation: false,
      createAbsent: false,
      retryConflicts: true,
      bare: true,
      ...(binding.metadata.uid ? { uid: binding.metadata.uid } : {}),
      ...(binding.metadata.resourceVersion ? { version: binding.metadata.resourceVersion } : {}),
      transform: (live) => bind(live as PodShape, binding, parts.options.clock.now()),
    });
    const status: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
    return respondValue(call, { value: status, output, status: 201 });
  },
};

/** Upstream: ValidatePodBinding; its list of errors reaches the client without a reason. */
function checkTarget({ target }: Binding): void {
  const errors: string[] = [];
  const kind = target?.kind ?? '';
  if (kind !== '' && kind !== 'Node') {
    errors.push(`target.kind: Unsupported value: ${quote(kind)}: supported values: "Node", "<empty>"`);
  }
  if (!target?.name) errors.push('target.name: Required value');
  if (errors.length > 0) throw new StatusError(500, '', errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]`);
}

/** The pod with its node; refuses pods that have one, are going, or are gated. */
function bind(pod: PodShape, binding: Binding, now: number): PodShape {
  const name = pod.metadata.name ?? '';
  const refuse = (why: string) => conflict({ group: '', kind: 'pods/binding' }, name, why);
  if (pod.metadata.deletionTimestamp !== undefined)
    throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec?.nodeName) throw refuse(`pod ${name} is already assigned to node ${quote(pod.spec.nodeName)}`);
  if (pod.spec?.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const { annotations, labels } = binding.metadata;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(annotations ? { annotations: { ...pod.metadata.annotations, ...annotations } } : {}),
      ...(labels ? { labels: { ...pod.metadata.labels, ...labels } } : {}),
    },
    spec: { ...pod.spec, nodeName: binding.target!.name! },
    status: { ...withoutNomination(pod.status), conditions: scheduled(pod, now) },
  };
}

/** A node that was thought of means nothing once there is one. */
function withoutNomination({ nominatedNodeName: _, ...status }: PodShape['status'] = {}): PodShape['status'] {
  return status;
}

/** The conditions with the one of the scheduler, which keeps its place, and its time while it stays true. */
function scheduled(pod: PodShape, now: number): PodCondition[] {
  const conditions = pod.status?.conditions ?? [];
  const index = conditions.findIndex(({ type }) => type === 'PodScheduled');
  const before = conditions[index];
  const condition: PodCondition = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: before?.status === 'True' ? before.lastTransitionTime : apiTime(now),
  };
  return before ? conditions.with(index, condition) : [...conditions, condition];
}
