/** Packs the types of a group-version into the compact form that src/kinds/schema.ts unpacks. */
import { type FieldFact, HEADER, literal, type ObjectFact, shortGroup, type TypeFact, type TypeFile } from './facts.ts';

/** `string`, `core/v1.Pod`, `[]…`, `{}…`. */
function code(fact: TypeFact): string {
  if (fact.$ref !== undefined) return fact.$ref;
  if (fact.type === 'array') return `[]${code(fact.items ?? {})}`;
  if (fact.type === 'map') return `{}${code(fact.values ?? {})}`;
  return fact.type ?? 'any';
}

const WIRES: Record<string, string> = {
  float64: 'double',
  byte: 'bytes',
  time: 'meta/v1.Time',
  microTime: 'meta/v1.MicroTime',
};

/** The protobuf type that follows from a type code; only others are written out. */
function wireOf(type: string): string {
  if (type.startsWith('[]')) return `repeated ${wireOf(type.slice(2))}`;
  if (type.startsWith('{}')) return `map<string,${wireOf(type.slice(2))}>`;
  return WIRES[type] ?? type;
}

const isZero = (value: unknown): boolean =>
  value === '' ||
  value === 0 ||
  value === false ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** One letter per property, see FLAGS in src/kinds/schema.ts. */
function flags(field: FieldFact): string {
  const inner = field.items ?? field.values;
  return [
    field.required ? 'r' : '',
    field.pointer ? 'p' : '',
    field.omitempty ? 'o' : '',
    field.omitzero ? 'z' : '',
    field.always ? 'a' : '',
    field.nullOut ? 'n' : '',
    field.default !== undefined && isZero(field.default) ? 'd' : '',
    inner?.default !== undefined ? 'i' : '',
    field.listType === 'set' ? 'S' : field.listType === 'map' ? 'M' : field.listType === 'atomic' ? 'A' : '',
    field.mapType === 'atomic' ? 'T' : field.mapType === 'granular' ? 'G' : '',
  ].join('');
}

function extras(field: FieldFact): Record<string, unknown> | undefined {
  const type = code(field);
  const inline = field.inline?.filter((step) => step.proto !== undefined);
  const out: Record<string, unknown> = {
    k: field.listMapKeys,
    s: field.patchStrategy,
    m: field.patchMergeKey,
    d: field.default !== undefined && !isZero(field.default) ? field.default : undefined,
    e: field.enum,
    w: field.wire !== undefined && field.wire !== wireOf(type) ? field.wire : undefined,
    i: inline?.length ? inline.map((step) => [step.$ref, step.proto]) : undefined,
    ie: field.items?.enum,
    n: field.alias?.replace(/^.*\//, ''),
    in: field.items?.alias?.replace(/^.*\//, ''),
    kn: field.alias === undefined ? field.keyAlias?.replace(/^.*\//, '') : undefined,
    vn: field.values?.alias?.replace(/^.*\//, ''),
  };
  for (const key of Object.keys(out)) if (out[key] === undefined) delete out[key];
  return Object.keys(out).length > 0 ? out : undefined;
}

function pack(type: ObjectFact): unknown {
  if (type.$ref !== undefined) return type.$ref;
  if (type.scalar !== undefined) return type.scalar;
  if (type.type !== undefined) return code(type);
  const head: Record<string, unknown> = {};
  if (type.openapi !== undefined) head.o = type.openapi;
  if (type.gvk !== undefined) head.g = type.gvk;
  if (type.mapType !== undefined) head.t = type.mapType;
  if (type.unions !== undefined) head.u = type.unions;
  if (type.fields === undefined) {
    const alternatives = type.message?.map((member) => member.wire.replace(/^repeated /, '[]'));
    if (alternatives?.length) head.x = alternatives;
    return [head];
  }
  const fields = type.fields.map((field) => {
    const packed: unknown[] = [field.name, code(field), flags(field), field.proto ?? 0];
    const extra = extras(field);
    if (extra) packed.push(extra);
    return packed;
  });
  return [head, ...fields];
}

export function schemaSource(file: TypeFile): string {
  const types: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(file.types)) types[name] = pack(type);
  return `${HEADER}\n/** The types of ${file.group}/${file.version}, packed; see src/kinds/schema.ts. */\nexport const packed =\n  ${literal(JSON.stringify(types))};\n`;
}

/** The list of all packed group-versions. */
export function schemasIndexSource(files: readonly TypeFile[]): string {
  const entries = files
    .filter((file) => file.group !== 'special')
    .map((file) => ({
      id: `${file.group}/${file.version}`,
      name: `${shortGroup(file.group)}-${file.version}`,
      constant: `${shortGroup(file.group)}${file.version}`,
    }));
  const imports = entries
    .map((entry) => `import { packed as ${entry.constant} } from './${entry.name}.ts';\n`)
    .join('');
  const list = entries.map((entry) => `  '${entry.id}': ${entry.constant},\n`).join('');
  return `${HEADER}${imports}\n/** Packed types by group-version. */\nexport const packedTypes: Readonly<Record<string, string>> = {\n${list}};\n`;
}
