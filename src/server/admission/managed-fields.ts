/** Keeps admission from breaking the record of who owns what. Upstream: handlers/fieldmanager/admission.go. */
import { managersFault } from '../../machinery/apply/index.ts';
import type { ManagedFieldsEntry } from '../../machinery/meta.ts';
import type { AdmissionRequest } from '../contract.ts';

/** Puts managed fields back that admission left in a state that nobody can read, and warns of it. */
export function restoreManagedFields(request: AdmissionRequest, before: ManagedFieldsEntry[] | undefined): void {
  const metadata = request.object?.metadata;
  if (!metadata || metadata.managedFields === before) return;
  const fault = managersFault(metadata.managedFields ?? []);
  if (fault === undefined) return;
  if (before) metadata.managedFields = before;
  else delete metadata.managedFields;
  const why = 'this could be caused by an outdated mutating admission controller; please fix your requests';
  request.warn(`.metadata.managedFields was in an invalid state after admission; ${why}: ${fault}`);
}
