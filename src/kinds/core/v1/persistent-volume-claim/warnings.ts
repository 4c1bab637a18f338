import { parseQuantity } from '../../../../machinery/quantity.ts';
import { quote } from '../../../../machinery/quote.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../../generated/types/core-v1.ts';

const OLD_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** Upstream: pkg/api/persistentvolumeclaim GetWarningsForPersistentVolumeClaim. */
export function claimWarnings({ spec, metadata }: PersistentVolumeClaim): string[] {
  const annotated = metadata.annotations?.[OLD_CLASS] !== undefined;
  const text = `metadata.annotations[${OLD_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`;
  return [...(annotated ? [text] : []), ...claimSpecWarnings(spec, 'spec')];
}

/** Upstream: pkg/api/persistentvolumeclaim GetWarningsForPersistentVolumeClaimSpec. */
export function claimSpecWarnings(spec: PersistentVolumeClaimSpec, path: string): string[] {
  const warnings: string[] = [];
  for (const field of ['requests', 'limits'] as const) {
    const text = spec.resources?.[field]?.storage;
    if (text === undefined || parseQuantity(text).milliValue() % 1000 === 0) continue;
    warnings.push(
      `${path}.resources.${field}[storage]: fractional byte value ${quote(text)} is invalid, must be an integer`,
    );
  }
  return warnings;
}
