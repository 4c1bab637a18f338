import { parseQuantity } from '../../../../machinery/quantity.ts';
import { quote } from '../../../../machinery/quote.ts';
import type { PersistentVolumeClaimSpec } from '../../../generated/types/core-v1.ts';

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
