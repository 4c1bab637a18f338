import type { Kind } from '../kind.ts';
import type { KubeObject } from '../meta.ts';
import type { FieldError } from '../status.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from './object-meta.ts';

/** The rules that hold for objects of every kind; the rules of one kind are in its strategy. */
export const objectValidator = {
  create: (kind: Kind, object: KubeObject): FieldError[] => validateObjectMeta(object.metadata, kind),
  update: (kind: Kind, object: KubeObject, old: KubeObject): FieldError[] =>
    validateObjectMetaUpdate(object.metadata, old.metadata, kind),
};
