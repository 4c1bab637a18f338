import { fieldOf, presence, selectKey } from './access.ts';
import { onEscape, onRead } from './adapt.ts';
import type { EntryNode, Expr, IdentNode, ListNode, MapNode, SelectNode, StructNode } from './ast.ts';
import type { CelType } from './contract.ts';
import type { Environment } from './environment.ts';
import { CelObject, patchType } from './objects.ts';
import { equal, keysOf, runtimeType } from './operators.ts';
import { planCall } from './plan-call.ts';
import { planFold } from './plan-fold.ts';
import { constantOf, type Planned, type Planning, pathOf, type Run, type Step } from './run.ts';
import { Slots } from './slots.ts';
import { CelFault, CelOptional, CelTypeValue } from './values.ts';

/** Turns a checked tree into closures. Upstream: interpreter/planner.go */
export class Planner implements Planning {
  readonly slots = new Slots();
  private readonly environment: Environment;

  constructor(environment: Environment) {
    this.environment = environment;
  }

  plan(node: Expr): Planned {
    switch (node.kind) {
      case 'literal':
        return constantOf(node.value);
      case 'ident':
        return this.ident(node);
      case 'select':
        return this.select(node);
      case 'call':
        return planCall(node, this);
      case 'list':
        return this.list(node);
      case 'map':
        return this.map(node);
      case 'struct':
        return this.struct(node);
      case 'fold':
        return planFold(node, this);
      case 'broken':
        throw new CelFault('broken expression');
    }
  }

  /** A node whose value something sees whole. */
  whole(node: Expr): Planned {
    const planned = this.plan(node);
    const adapter = planned.constant === undefined ? onEscape(node.type as CelType) : undefined;
    if (adapter === undefined) return planned;
    const { step } = planned;
    return { step: (run) => adapter(step(run)) };
  }

  private ident(node: IdentNode): Planned {
    return this.named(node.name, node.type as CelType);
  }

  private named(name: string, type: CelType): Planned {
    const known = this.slots.find(name);
    if (known === undefined && type.kind === 'type') {
      const named = this.environment.ident(name);
      if (named !== undefined && !named.variable) return constantOf(new CelTypeValue(type.params[0] as CelType));
    }
    const slot = known?.slot ?? this.slots.global(name);
    const adapter = known?.local === true ? undefined : onRead(type);
    return pathOf((run) => {
      const value = run.slots[slot];
      if (value instanceof CelFault) throw value;
      if (value === undefined) throw new CelFault(`no such attribute(s): ${name}`);
      return adapter === undefined ? value : adapter(value);
    }, 1);
  }

  private select(node: SelectNode): Planned {
    if (node.resolved !== undefined) return this.named(node.resolved, node.type as CelType);
    const operand = this.plan(node.operand);
    const base = operand.path ?? operand.step;
    const type = node.operand.type as CelType;
    const field = fieldOf(type, node.field);
    if (node.test) {
      return { step: (run) => presence(run, base(run), field) };
    }
    const adapter = onRead(field.type ?? (node.type as CelType));
    const root = operand.root ?? 1;
    const qualify: Step = (run) => {
      const value = selectKey(run, base(run), field);
      if (adapter === undefined) return value;
      return value instanceof CelOptional
        ? value.present
          ? CelOptional.of(adapter(value.value))
          : value
        : adapter(value);
    };
    return pathOf(qualify, root);
  }

  private list(node: ListNode): Planned {
    const elements = node.elements.map((element) => this.whole(element));
    if (elements.every((element) => element.constant !== undefined) && node.optional.size === 0) {
      return constantOf(elements.map((element) => element.constant?.value));
    }
    const steps = elements.map((element) => element.step);
    const { optional } = node;
    return {
      step: (run) => {
        const list: unknown[] = [];
        for (let index = 0; index < steps.length; index++) {
          const value = (steps[index] as Step)(run);
          if (!optional.has(index)) list.push(value);
          else if (optionalEntry(value, index).present) list.push((value as CelOptional).value);
        }
        run.charge(10);
        return list;
      },
    };
  }

  private map(node: MapNode): Planned {
    const entries = node.entries.map((entry) => ({
      entry,
      key: this.whole(entry.key),
      value: this.whole(entry.value),
    }));
    const fixed = entries.every(
      ({ entry, key, value }) => !entry.optional && key.constant !== undefined && value.constant !== undefined,
    );
    const build = (run: Run): Map<unknown, unknown> => {
      const map = new Map<unknown, unknown>();
      for (const { entry, key, value } of entries) addEntry(map, entry, key.step(run), value.step(run));
      return map;
    };
    if (fixed) return constantOf(build(undefined as unknown as Run));
    return {
      step: (run) => {
        const map = build(run);
        run.charge(30);
        return map;
      },
    };
  }

  private struct(node: StructNode): Planned {
    const type = node.type as CelType;
    const fields = node.fields.map((field) => {
      const key = type.fields?.().get(field.name)?.key ?? field.name;
      return { key, optional: field.optional, step: this.whole(field.value).step };
    });
    const build =
      patchType(type.name) === undefined ? undefined : (fields: Record<string, unknown>) => new CelObject(type, fields);
    return {
      step: (run) => {
        const object: Record<string, unknown> = {};
        for (const field of fields) {
          const value = field.step(run);
          if (!field.optional) object[field.key] = value;
          else if (optionalEntry(value, field.key).present) object[field.key] = (value as CelOptional).value;
        }
        run.charge(40);
        return build === undefined ? object : build(object);
      },
    };
  }
}

function optionalEntry(value: unknown, entry: unknown): CelOptional {
  if (value instanceof CelOptional) return value;
  throw new CelFault(`cannot initialize optional entry '${String(entry)}' from non-optional value ${String(value)}`);
}

/** Later entries replace those of the same key; numbers of different kinds are different keys. */
function addEntry(map: Map<unknown, unknown>, entry: EntryNode, key: unknown, value: unknown): void {
  const same = typeof key === 'object' ? keysOf(map).find((other) => sameKey(other, key)) : undefined;
  if (!entry.optional) map.set(same ?? key, value);
  else if (optionalEntry(value, key).present) map.set(same ?? key, (value as CelOptional).value);
}

function sameKey(a: unknown, b: unknown): boolean {
  return runtimeType(a).kind === runtimeType(b).kind && equal(a, b);
}
