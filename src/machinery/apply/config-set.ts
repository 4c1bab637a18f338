/**
 * What an applied configuration sets, and whether it fits its type.
 * Upstream: structured-merge-diff/typed/{tofieldset,validate}.go.
 */
import { goSyntax, goText, goTypeOf } from '../go-value.ts';
import { elementText, type FieldSet, LEAF, type MutableFieldSet, sorted, withSelf } from './field-set.ts';
import { isMap, type JsonMap, type TypedNode } from './typed-node.ts';

/** The fields that `value` names: leaves, items, and maps that are empty. Structs are no members themselves. */
export function configSet(type: TypedNode, value: unknown): FieldSet {
  return nodeOf(type, value) ?? LEAF;
}

function nodeOf(type: TypedNode, value: unknown): FieldSet | undefined {
  switch (type.form) {
    case 'leaf':
      return LEAF;
    case 'list':
      return Array.isArray(value) ? listNode(type, value) : undefined;
    case 'deduced':
      return isMap(value) ? mapNode(type, value) : LEAF;
    default:
      return isMap(value) ? mapNode(type, value) : undefined;
  }
}

function mapNode(type: TypedNode, value: JsonMap): FieldSet | undefined {
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  if (names.length === 0) return undefined;
  const out: MutableFieldSet = {};
  let count = 0;
  for (const name of names.sort()) {
    const member = value[name];
    const child = type.child(name);
    if (child === undefined) continue;
    let node = nodeOf(child, member);
    const empty = member === null || (isMap(member) && Object.keys(member).length === 0);
    if (empty || !type.declares(name)) node = withSelf(node);
    if (node === undefined) continue;
    out[`f:${name}`] = node;
    count++;
  }
  return count === 0 ? undefined : out;
}

function listNode(type: TypedNode, items: readonly unknown[]): FieldSet | undefined {
  if (items.length === 0) return undefined;
  const out: MutableFieldSet = {};
  for (const item of items) {
    const element = elementOf(type, item);
    if (element === undefined) continue;
    out[element] = out[element] === undefined ? withSelf(nodeOf(type.element, item)) : LEAF;
  }
  return sorted(out);
}

function elementOf(type: TypedNode, item: unknown): string | undefined {
  try {
    return type.itemElement(item);
  } catch {
    return undefined;
  }
}

/**
 * The faults of a configuration in upstream's words: unknown fields, values of the wrong type, items without or with
 * equal keys.
 */
export function validateTyped(type: TypedNode, value: unknown, path = ''): string[] {
  switch (type.form) {
    case 'deduced':
      return [];
    case 'list':
      return validateList(type, value, path);
    case 'leaf':
      return validateLeaf(type, value, path);
    default:
      return validateMap(type, value, path);
  }
}

function validateMap(type: TypedNode, value: unknown, path: string): string[] {
  if (value === null) return [];
  if (!isMap(value)) return [fault(path, `expected map, got &{${goText(value)}}`)];
  const out: string[] = [];
  for (const name of Object.keys(value)) {
    const child = type.child(name);
    if (child === undefined) return [...out, fault(`${path}.${name}`, 'field not declared in schema')];
    out.push(...validateTyped(child, value[name], `${path}.${name}`));
  }
  return out;
}

function validateList(type: TypedNode, value: unknown, path: string): string[] {
  if (value === null) return [];
  if (!Array.isArray(value)) return [fault(path, `expected list, got &{${goText(value)}}`)];
  const out: string[] = [];
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    let element: string;
    try {
      element = type.itemElement(item);
    } catch (error) {
      out.push(fault(path, `element ${index}: ${(error as Error).message}`));
      return out;
    }
    if (seen.has(element)) out.push(fault(path, `duplicate entries for key ${elementText(element)}`));
    seen.add(element);
    out.push(...validateTyped(type.element, item, `${path}${elementText(element)}`));
  }
  return out;
}

function validateLeaf(type: TypedNode, value: unknown, path: string): string[] {
  if (value === null || value === undefined) return [];
  const kind = typeof value;
  switch (type.leaf) {
    case 'numeric':
      return kind === 'number' || kind === 'bigint'
        ? []
        : [fault(path, `expected numeric (int or float), got ${goTypeOf(value)}`)];
    case 'string':
      return kind === 'string'
        ? []
        : [fault(path, `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`)];
    case 'boolean':
      return kind === 'boolean' ? [] : [fault(path, `expected boolean, got &{${goText(value)}}`)];
    case 'scalar':
      return kind === 'object' ? [fault(path, `expected any scalar, got &{${goText(value)}}`)] : [];
    case 'list':
      return Array.isArray(value)
        ? validateAtomicList(type, value, path)
        : [fault(path, `expected list, got &{${goText(value)}}`)];
    case 'map':
      return isMap(value)
        ? validateAtomicMap(type, value, path)
        : [fault(path, `expected map, got &{${goText(value)}}`)];
    default:
      return [];
  }
}

function validateAtomicList(type: TypedNode, value: readonly unknown[], path: string): string[] {
  return value.flatMap((item, index) => validateTyped(type.element, item, `${path}[${index}]`));
}

function validateAtomicMap(type: TypedNode, value: JsonMap, path: string): string[] {
  const out: string[] = [];
  for (const name of Object.keys(value)) {
    const child = type.atomicChild(name);
    if (child === undefined) return [...out, fault(`${path}.${name}`, 'field not declared in schema')];
    out.push(...validateTyped(child, value[name], `${path}.${name}`));
  }
  return out;
}

function fault(path: string, message: string): string {
  return path === '' ? message : `${path}: ${message}`;
}

/** One message for all faults. */
export function faultsText(faults: readonly string[]): string {
  return faults.length === 1 ? faults[0]! : ['errors:', ...faults.map((text) => `  ${text}`)].join('\n');
}
