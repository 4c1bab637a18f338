/** What a Job's rules make of a failed pod. Upstream: job/pod_failure_policy.go. */
import type { ContainerStatus, Job, Pod, PodFailurePolicyRule } from '../../kinds/index.ts';

export interface FailureVerdict {
  action: 'Count' | 'FailIndex' | 'FailJob' | 'Ignore';
  /** For FailJob: what the condition of the job says. */
  message?: string;
}

const COUNT: FailureVerdict = { action: 'Count' };

/** The first rule that matches decides; a pod that none matches counts. */
export function judgeFailure({ spec }: Job, pod: Pod): FailureVerdict {
  for (const [i, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    const why = matchOf(rule, pod);
    if (why === undefined) continue;
    const action = rule.action as FailureVerdict['action'];
    return action === 'FailJob' ? { action, message: `${why} matching FailJob rule at index ${i}` } : { action };
  }
  return COUNT;
}

function matchOf({ onExitCodes, onPodConditions }: PodFailurePolicyRule, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
  if (onExitCodes) {
    const { containerName, operator, values = [] } = onExitCodes;
    const container = containersOf(pod).find((status) => {
      const code = status.state?.terminated?.exitCode;
      if (!code || (containerName !== undefined && status.name !== containerName)) return false;
      return values.includes(code) === (operator === 'In');
    });
    const code = container?.state?.terminated?.exitCode;
    return container && `Container ${container.name} for pod ${name} failed with exit code ${code}`;
  }
  const condition = pod.status?.conditions?.find(({ type, status }) =>
    onPodConditions?.some((pattern) => pattern.type === type && (pattern.status ?? 'True') === status),
  );
  return condition && `Pod ${name} has condition ${condition.type}`;
}

const containersOf = ({ status }: Pod): ContainerStatus[] => [
  ...(status?.containerStatuses ?? []),
  ...(status?.initContainerStatuses ?? []),
];
