/** Which fields a field selector may name. Upstream: AddFieldLabelConversionFunc of each group. */
import type { Kind } from '../../machinery/kind.ts';
import { quote } from '../../machinery/quote.ts';
import { badRequest } from '../../machinery/status.ts';

const METADATA_FIELDS = ['metadata.name', 'metadata.namespace'];

/** Throws 400 for a field that objects of `kind` cannot be selected by. */
export function checkSelectableField(kind: Kind, field: string): void {
  const nowhere = kind.itemsCarryType && !kind.namespaced && field === 'metadata.namespace';
  if (nowhere || isNoLabel(kind, field)) throw badRequest(refusal(kind, field));
  if (METADATA_FIELDS.includes(field) || kind.selectableFields.includes(field)) return;
  if (kind.itemsCarryType) throw badRequest(`field label not supported: ${field}`);
  if (kind.selectableFields.every((known) => METADATA_FIELDS.includes(known))) {
    throw badRequest(`${quote(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`);
  }
  if (kind.group === 'batch') throw badRequest(`field label ${quote(field)} not supported for ${kind.kind}`);
  throw badRequest(refusal(kind, field));
}

/** Kinds whose own list of labels leaves the namespace out. */
const WITHOUT_NAMESPACE = new Set([
  'nodes',
  'namespaces',
  'certificatesigningrequests.certificates.k8s.io',
  'resourceslices.resource.k8s.io',
]);

const isNoLabel = ({ group, resource }: Kind, field: string): boolean =>
  field === 'metadata.namespace' && WITHOUT_NAMESPACE.has(group === '' ? resource : `${resource}.${group}`);

const refusal = ({ group, version, kind }: Kind, field: string): string =>
  kind === 'ResourceSlice' && group === 'resource.k8s.io'
    ? `field label not supported for ${group}/${version}, Kind=${kind}: ${field}`
    : `field label not supported: ${field}`;
