import type { JobSpec } from '../../generated/types/batch-v1.ts';

/** Upstream: apis/batch/v1 SetDefaults_PodFailurePolicyOnPodConditionsPattern. */
export function setFailurePolicyDefaults(spec: JobSpec | undefined): void {
  for (const rule of spec?.podFailurePolicy?.rules ?? [])
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
}
