/**
 * Merging a configuration into an object without keeping track of who owns what, as mutating policies do.
 * Upstream: apiserver/pkg/admission/plugin/policy/mutating/patch/smd.go.
 */
import type { ObjectSchema } from '../schema.ts';
import { faultsText, validateTyped } from './config-set.ts';
import { mergeTyped } from './merge-typed.ts';
import { isMap, type TypedNode, typedNode } from './typed-node.ts';

/** Why `value` does not fit the type, in upstream's words; undefined when it does. */
export function typedFaults(schema: ObjectSchema, value: object): string | undefined {
  const faults = validateTyped(typedNode(schema), value);
  return faults.length === 0 ? undefined : faultsText(faults);
}

/** `base` with everything that `configuration` names set to its value. Throws an UnnamedItemError. */
export function mergeConfiguration(schema: ObjectSchema, base: object, configuration: object): unknown {
  return mergeTyped(typedNode(schema), base, configuration);
}

/** Paths of values in `value` that are replaced whole and therefore lose what is not named. */
export function atomicPaths(schema: ObjectSchema, value: object): string[] {
  return atomics(typedNode(schema), value, '');
}

function atomics(type: TypedNode, value: unknown, path: string): string[] {
  if (type.form === 'deduced') return [];
  if (isMap(value)) {
    // Upstream looks into the fields of structs, not into the entries of maps.
    const isAtomic = type.form === 'leaf' && type.leaf === 'map';
    if (!isAtomic && type.form !== 'struct') return [];
    const inner = Object.keys(value).flatMap((name) => {
      const child = isAtomic ? type.atomicChild(name) : type.child(name);
      return child ? atomics(child, value[name], `${path}.${name}`) : [];
    });
    return isAtomic ? [path, ...inner] : inner;
  }
  if (!Array.isArray(value)) return [];
  const isAtomic = type.form === 'leaf' && type.leaf === 'list';
  if (!isAtomic && type.form !== 'list') return [];
  const inner = value.flatMap((item, index) => atomics(type.element, item, `${path}[${index}]`));
  return isAtomic ? [path, ...inner] : inner;
}
