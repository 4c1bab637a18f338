import { describe, expect, it } from 'vitest';
import {
  configMaps,
  cronJobs,
  flowSchemas,
  leases,
  limitRanges,
  nodes,
  persistentVolumes,
  podDisruptionBudgets,
  roles,
  runtimeClasses,
  services,
  validatingAdmissionPolicies,
} from '../../src/kinds/index.ts';
import type { Kind } from '../../src/machinery/kind.ts';
import type { KubeObject } from '../../src/machinery/meta.ts';
import type { FieldError } from '../../src/machinery/status.ts';
import { objectValidator } from '../../src/machinery/validation/index.ts';

const LETTERS: Readonly<Record<string, string>> = {
  'metadata.labels': 'L',
  'metadata.finalizers': 'F',
  'metadata.finalizers[0]': 'P',
};
/** L for a label, F for the form and P for the missing prefix of a finalizer, in the order of the findings. */
const shape = (errors: FieldError[]): string => errors.map(({ field }) => LETTERS[field] ?? field).join('');

const objectOf = (kind: Kind): KubeObject => ({
  metadata: { name: 'a', ...(kind.namespaced ? { namespace: 'n' } : {}), labels: { 'b !': 'c' }, finalizers: ['x y'] },
});

describe('passes over metadata', () => {
  it.each<[Kind<never>, string, string, string]>([
    [services as Kind<never>, 'LFP', 'LFLLP', 'LFLLP'],
    [configMaps as Kind<never>, 'LFP', 'LFLLPLFP', 'LFLLP'],
    [nodes as Kind<never>, 'LFP', 'LFLLFPLP', 'LFLLP'],
    [persistentVolumes as Kind<never>, 'LFP', 'LFLLFPLFP', 'LFLLP'],
    [limitRanges as Kind<never>, 'LFP', 'LFLLFP', 'LFL'],
    [podDisruptionBudgets as Kind<never>, '', 'LFL', 'LFL'],
    [cronJobs as Kind<never>, 'LFP', 'LFLLP', 'LFL'],
    [roles as Kind<never>, 'LFP', 'LFLLFPLP', 'LFLLP'],
    [leases as Kind<never>, 'LF', 'LFLL', 'LFLL'],
    [runtimeClasses as Kind<never>, 'LF', 'LFLLFL', 'LFLL'],
    [validatingAdmissionPolicies as Kind<never>, 'LF', 'LFLLF', 'LFL'],
    [flowSchemas as Kind<never>, 'LFP', 'LFLLFP', 'LFL'],
  ])('of %o find %s, %s on update and %s on updates of subresources', (typed, create, update, subresource) => {
    const kind = typed as unknown as Kind;
    const object = objectOf(kind);
    expect(shape(objectValidator.create(kind, object))).toBe(create);
    expect(shape(objectValidator.createLast(kind, object))).toBe(create === '' ? 'LF' : '');
    expect(shape(objectValidator.update(kind, object, { old: object, subresource: '' }))).toBe(update);
    expect(shape(objectValidator.update(kind, object, { old: object, subresource: 'status' }))).toBe(subresource);
  });
});
