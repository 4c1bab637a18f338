/** Bound pods grow no further than their node. Upstream: plugin/pkg/admission/podresize. */
import { amountsOf, type Node, type Pod, podAmounts } from '../../../kinds/index.ts';
import { parseQuantity, type Quantity } from '../../../machinery/quantity.ts';
import { StatusError } from '../../../machinery/status.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../contract.ts';
import { liveObject, refusal } from '../requests.ts';

const OS_LABEL = 'kubernetes.io/os';

export const podResize: AdmissionPlugin = {
  name: 'PodResize',
  handles: ({ kind, operation, subresource }) =>
    kind.storedAs === 'pods' && operation === 'UPDATE' && subresource === 'resize',
  async validate(request, context) {
    const pod = request.object as Pod;
    const { nodeName } = pod.spec;
    // The generation tells whether anything was asked for.
    if (!nodeName || pod.metadata.generation === request.oldObject?.metadata.generation) return;
    const node = await liveObject<Node>(context, { resource: 'nodes', namespace: '', name: nodeName });
    if (!node) throw refusal(request, `node ${JSON.stringify(nodeName)} not found`);
    const system = node.metadata.labels?.[OS_LABEL] ?? 'linux';
    if (system !== 'linux') {
      const why = `pod resize is only supported on linux nodes, node ${JSON.stringify(nodeName)} is ${JSON.stringify(system)}`;
      throw refusalFor(request, why, 'UnsupportedPlatform');
    }
    const lacking = lackOf(pod, node);
    if (lacking.length === 0) return;
    const why = `node didn't have enough allocatable resources: ${lacking.join('; ')}`;
    throw refusalFor(request, why, 'NodeCapacity');
  },
};

/** What the pod asks for beyond what its node has. */
function lackOf({ spec }: Pod, { status }: Node): string[] {
  const asked = podAmounts(spec, 'requests', { overhead: true });
  const present = amountsOf(status?.allocatable);
  const lacking: string[] = [];
  for (const [name, show] of [
    ['cpu', inMilli],
    ['memory', inUnits],
  ] as const) {
    const [request, allocatable] = [asked.get(name) ?? ZERO, present.get(name) ?? ZERO];
    if (request.compare(allocatable) > 0)
      lacking.push(`${name}, requested: ${show(request)}, allocatable: ${show(allocatable)}`);
  }
  return lacking;
}

const ZERO = parseQuantity('0');
const inMilli = (amount: Quantity): number => amount.scaledValue(-3);
const inUnits = (amount: Quantity): number => amount.scaledValue(0);

function refusalFor(request: AdmissionRequest, why: string, reason: string): StatusError {
  const { status } = refusal(request, why);
  return new StatusError(403, 'Forbidden', status.message ?? '', { ...status.details, causes: [{ reason }] });
}
