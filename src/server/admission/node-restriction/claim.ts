/** A node reports the growth of a volume in the status of its claim, and nothing else. */
import { internalDiff, internalForm, type PersistentVolumeClaim } from '../../../kinds/index.ts';
import type { AdmissionRequest } from '../../contract.ts';
import { refusal } from '../requests.ts';

const REPORTED = ['capacity', 'conditions', 'allocatedResources', 'allocatedResourceStatuses'];

export function checkClaim(request: AdmissionRequest, node: string): void {
  if (request.subresource !== 'status') throw refusal(request, 'may only update PVC status');
  const before = compared(request.oldObject as PersistentVolumeClaim);
  const after = compared(request.object as PersistentVolumeClaim);
  const difference = internalDiff(before, after);
  if (difference === '') return;
  throw refusal(
    request,
    `node ${JSON.stringify(node)} is not allowed to update fields other than status.quantity and status.conditions: ${difference}`,
  );
}

/** The claim without what a node may report, as messages show it. */
function compared({ metadata, spec, status }: PersistentVolumeClaim): unknown {
  const { managedFields: _managed, resourceVersion: _version, ...meta } = metadata;
  const kept = Object.fromEntries(Object.entries(status ?? {}).filter(([field]) => !REPORTED.includes(field)));
  return {
    ...(internalForm('meta/v1.ObjectMeta', meta) as object),
    Spec: internalForm('core/v1.PersistentVolumeClaimSpec', spec ?? {}),
    Status: internalForm('core/v1.PersistentVolumeClaimStatus', kept),
  };
}
