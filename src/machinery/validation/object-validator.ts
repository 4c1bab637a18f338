import type { Kind, MetadataCheck, MetadataChecks } from '../kind.ts';
import type { KubeObject } from '../meta.ts';
import type { FieldError } from '../status.ts';
import {
  validateGenericMeta,
  validateGenericMetaUpdate,
  validateObjectMeta,
  validateObjectMetaUpdate,
  validatePlainMeta,
} from './object-meta.ts';

/** Those of custom resources. */
const PLAIN: MetadataChecks = { create: ['plainNew'], update: ['plainChanged'], subresources: ['plainChanged'] };

/** The rules that hold for objects of every kind; the rules of one kind are in its strategy. */
export const objectValidator = {
  create: (kind: Kind, object: KubeObject): FieldError[] =>
    checksOf(kind).create.flatMap((check) => run(check, { kind, object, old: object })),
  /** What is looked at when everything else is right. */
  createLast: (kind: Kind, object: KubeObject): FieldError[] =>
    checksOf(kind).create.length > 0 ? [] : validateGenericMeta(object.metadata, kind),
  /** The handler of updates checks metadata, and the validation of the kind again: findings come several times. */
  update: (
    kind: Kind,
    object: KubeObject,
    { old, subresource }: { old: KubeObject; subresource: string },
  ): FieldError[] => [
    ...validateGenericMeta(object.metadata, kind),
    ...validateGenericMetaUpdate(object.metadata, old.metadata),
    ...checksOf(kind)[subresource === '' ? 'update' : 'subresources'].flatMap((check) =>
      run(check, { kind, object, old }),
    ),
  ],
};

const checksOf = (kind: Kind): MetadataChecks => kind.metadataChecks ?? PLAIN;

function run(
  check: MetadataCheck,
  { kind, object, old }: { kind: Kind; object: KubeObject; old: KubeObject },
): FieldError[] {
  switch (check) {
    case 'new':
      return validateObjectMeta(object.metadata, kind);
    case 'changed':
      return validateObjectMetaUpdate(object.metadata, old.metadata);
    case 'plainNew':
      return validatePlainMeta(object.metadata, kind);
    case 'plainChanged':
      return validateGenericMetaUpdate(object.metadata, old.metadata);
  }
}
