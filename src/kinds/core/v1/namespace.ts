import type { FieldError } from '../../../machinery/status.ts';
import { invalidError, invalidErrors, qualifiedName } from '../../../machinery/validation/index.ts';
import { namespaceCells } from '../../cells/core.ts';
import { defineKind } from '../../define-kind.ts';
import type { Namespace } from '../../generated/types/core-v1.ts';

const FINALIZER = 'kubernetes';
const NAME_LABEL = 'kubernetes.io/metadata.name';

const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** Upstream: core/validation ValidateNamespace. */
function validateFinalizers({ spec }: Namespace, pathOf = (_: number): string => 'spec.finalizers'): FieldError[] {
  return (spec.finalizers ?? []).flatMap((finalizer, index) => {
    const at = pathOf(index);
    const errors = invalidErrors(at, finalizer, qualifiedName(finalizer));
    if (finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)) return errors;
    return [
      ...errors,
      invalidError(at, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'),
    ];
  });
}

/** Upstream: ValidateNamespaceStatusUpdate. */
function validatePhase({ status, metadata }: Namespace): FieldError[] {
  const isGoing = metadata.deletionTimestamp !== undefined;
  const phase = status?.phase ?? '';
  const wanted = isGoing ? 'Terminating' : 'Active';
  const why = `may only be '${wanted}' if \`deletionTimestamp\` is ${isGoing ? 'not empty' : 'empty'}`;
  return phase === wanted ? [] : [invalidError('status.Phase', phase, why)];
}

export const namespaces = defineKind<Namespace>('core/v1/namespaces', {
  cached: true,
  ownDeletion: true,
  statusStrategy: { validateUpdate: validatePhase },
  defaults(namespace) {
    namespace.status ??= {};
    namespace.status.phase ||= 'Active';
    if (namespace.metadata.name) {
      namespace.metadata.labels ??= {};
      namespace.metadata.labels[NAME_LABEL] = namespace.metadata.name;
    }
  },
  strategy: {
    validateCreate: (namespace) => validateFinalizers(namespace),
    validateUpdate: (namespace) => validateFinalizers(namespace),
    prepareForCreate(namespace) {
      namespace.status = { phase: 'Active' };
      const finalizers = namespace.spec.finalizers ?? [];
      if (!finalizers.includes(FINALIZER)) namespace.spec.finalizers = [...finalizers, FINALIZER];
      namespace.metadata.labels = { ...namespace.metadata.labels, [NAME_LABEL]: namespace.metadata.name ?? '' };
    },
    prepareForUpdate(namespace, old) {
      if (old.spec.finalizers === undefined) delete namespace.spec.finalizers;
      else namespace.spec.finalizers = old.spec.finalizers;
    },
  },
  subresources: {
    finalize: {
      strategy: {
        prepareForUpdate(namespace, old) {
          (namespace as Namespace).status = (old as Namespace).status;
        },
        validateUpdate: (namespace) =>
          validateFinalizers(namespace as Namespace, (index) => `spec.finalizers[${index}]`),
        resetFields: ['status'],
      },
    },
  },
  fieldsOf: (namespace) => ({ 'status.phase': namespace.status?.phase ?? '' }),
  cells: namespaceCells,
});
