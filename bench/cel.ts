/** What expressions cost: compiling one, and running it beside the same rule written in JavaScript. */
import { type CelType, celTypeOfSchema, compileCel } from '../src/machinery/cel/index.ts';

interface Item {
  name: string;
  port: number;
}

interface Spec {
  replicas: number;
  minReplicas: number;
  name: string;
  items: Item[];
}

const text = { type: 'string', maxLength: 63 };
const schema = {
  type: 'object',
  properties: {
    replicas: { type: 'integer' },
    minReplicas: { type: 'integer' },
    name: text,
    items: {
      type: 'array',
      maxItems: 100,
      items: { type: 'object', properties: { name: text, port: { type: 'integer' } } },
    },
  },
};

const items = Array.from({ length: 20 }, (_, index) => ({ name: `item-${index}`, port: 8000 + index }));
const self: Spec = { replicas: 3, minReplicas: 1, name: 'example-name', items };
const names = new Set(['a', 'b', 'example-name']);

const rules: readonly (readonly [string, (value: Spec) => boolean])[] = [
  ['self.replicas >= self.minReplicas', (value) => value.replicas >= value.minReplicas],
  ["has(self.name) && self.name.startsWith('example')", (value) => 'name' in value && value.name.startsWith('example')],
  ["self.name in ['a', 'b', 'example-name']", (value) => names.has(value.name)],
  ["self.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')", (value) => /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(value.name)],
  [
    'self.items.all(i, i.port > 0 && i.port < 65536)',
    (value) => value.items.every((i) => i.port > 0 && i.port < 65536),
  ],
  [
    'self.items.all(a, self.items.exists_one(b, a.name == b.name))',
    (value) => value.items.every((a) => value.items.filter((b) => a.name === b.name).length === 1),
  ],
];

/** Nanoseconds for one call, measured for about a third of a second. */
function nanosOf(run: () => unknown): number {
  for (let warm = 0; warm < 2000; warm++) run();
  let count = 0;
  const start = process.hrtime.bigint();
  let spent = 0n;
  while (spent < 300_000_000n) {
    for (let inner = 0; inner < 500; inner++) run();
    count += 500;
    spent = process.hrtime.bigint() - start;
  }
  return Number(spent) / count;
}

const type = celTypeOfSchema(schema) as CelType;
const variables = [{ name: 'self', type }];
const bindings = { self };

for (const [rule, plain] of rules) {
  const compiled = compileCel(rule, { variables });
  if (!compiled.ok) throw new Error(compiled.error.message);
  const { program } = compiled;
  const result = program.evaluate(bindings);
  if (!result.ok || result.value !== plain(self)) throw new Error(`${rule} does not agree`);
  const compile = nanosOf(() => compileCel(rule, { variables }));
  const evaluate = nanosOf(() => program.evaluate(bindings));
  const javascript = nanosOf(() => plain(self));
  const figures = [compile / 1000, evaluate / 1000, javascript / 1000].map((value) => value.toFixed(2).padStart(8));
  console.log(`${figures[0]} µs compile ${figures[1]} µs run ${figures[2]} µs in JavaScript  ${rule}`);
}
