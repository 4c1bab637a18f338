/**
 * Which part of the old object a part of the new one was. Upstream: apiserver/pkg/cel/common/{equality,maplist}.go.
 */
import { deepEqual } from '../../apply/deep-equal.ts';
import type { JSONSchemaProps } from '../contract.ts';
import { additionalOf, isMap, itemsOf, type JsonMap, own, propertyOf } from '../schema-node.ts';

/** A value beside the one it replaces. */
export class Correlation {
  readonly value: unknown;
  readonly old: unknown;
  readonly schema: JSONSchemaProps;
  #children: Map<string | number, Correlation> | undefined;
  #oldItems: Map<string, JsonMap> | undefined;
  #equal: boolean | undefined;

  constructor(value: unknown, old: unknown, schema: JSONSchemaProps) {
    this.value = value;
    this.old = old;
    this.schema = schema;
  }

  /** The field of that name; undefined where there is none on one side, or the schema does not know it. */
  key(name: string): Correlation | undefined {
    const known = this.#children?.get(name);
    if (known !== undefined) return known;
    if (!isMap(this.old) || !isMap(this.value)) return undefined;
    if (!Object.hasOwn(this.old, name) || !Object.hasOwn(this.value, name)) return undefined;
    const schema = propertyOf(this.schema, name) ?? additionalOf(this.schema);
    return schema === undefined ? undefined : this.#keep(name, this.value[name], { old: this.old[name], schema });
  }

  /** The item at that place of the new list; undefined unless the list is keyed and had an item of that key. */
  index(at: number): Correlation | undefined {
    const known = this.#children?.get(at);
    if (known !== undefined) return known;
    if (!Array.isArray(this.old) || !Array.isArray(this.value) || at >= this.value.length) return undefined;
    if (this.schema['x-kubernetes-list-type'] !== 'map') return undefined;
    const schema = itemsOf(this.schema);
    const name = this.#nameOf(this.value[at]);
    const old = name === undefined ? undefined : this.#itemsByName().get(name);
    return schema === undefined || old === undefined ? undefined : this.#keep(at, this.value[at], { old, schema });
  }

  /** Whether nothing changed here, as far as the schema allows to tell. */
  unchanged(): boolean {
    this.#equal ??= this.#compare();
    return this.#equal;
  }

  #keep(name: string | number, value: unknown, before: { old: unknown; schema: JSONSchemaProps }): Correlation {
    const node = new Correlation(value, before.old, before.schema);
    this.#children ??= new Map();
    this.#children.set(name, node);
    return node;
  }

  #compare(): boolean {
    const { value, old } = this;
    if (Array.isArray(value) && Array.isArray(old)) return this.#compareLists(value, old);
    if (isMap(value) && isMap(old)) {
      const names = Object.keys(value);
      return names.length === Object.keys(old).length && names.every((name) => this.key(name)?.unchanged() === true);
    }
    return value === old;
  }

  #compareLists(value: readonly unknown[], old: readonly unknown[]): boolean {
    if (value.length !== old.length) return false;
    if (this.schema['x-kubernetes-list-type'] !== 'map') return deepEqual(value, old);
    return value.every((_, at) => this.index(at)?.unchanged() === true);
  }

  /** The items of the old list by key; of several with one key the first. */
  #itemsByName(): Map<string, JsonMap> {
    if (this.#oldItems !== undefined) return this.#oldItems;
    this.#oldItems = new Map();
    const keyed = this.schema.type === 'array' ? (this.old as unknown[]) : [];
    for (const item of keyed) {
      const name = this.#nameOf(item);
      if (name !== undefined && !this.#oldItems.has(name)) this.#oldItems.set(name, item as JsonMap);
    }
    return this.#oldItems;
  }

  #nameOf(item: unknown): string | undefined {
    const keys = this.schema['x-kubernetes-list-map-keys'] ?? [];
    if (!isMap(item) || keys.length === 0) return undefined;
    const values: unknown[] = [];
    for (const key of keys) {
      const value = own(item, key);
      if (!['string', 'number', 'bigint', 'boolean'].includes(typeof value)) return undefined;
      values.push(value);
    }
    return JSON.stringify(values);
  }
}
