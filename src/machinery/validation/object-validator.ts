import type { Kind } from '../kind.ts';
import type { KubeObject } from '../meta.ts';
import type { FieldError } from '../status.ts';
import {
  validateGenericMeta,
  validateGenericMetaUpdate,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from './object-meta.ts';

/** The rules that hold for objects of every kind; the rules of one kind are in its strategy. */
export const objectValidator = {
  create: (kind: Kind, object: KubeObject): FieldError[] => validateObjectMeta(object.metadata, kind),
  /** The handler of updates checks metadata, and the strategy of the kind its change again: findings come twice. */
  update: (kind: Kind, object: KubeObject, old: KubeObject): FieldError[] => [
    ...validateGenericMeta(object.metadata, kind),
    ...validateGenericMetaUpdate(object.metadata, old.metadata),
    ...validateObjectMetaUpdate(object.metadata, old.metadata, kind),
  ],
};
