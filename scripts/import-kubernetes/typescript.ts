/** Writes the TypeScript types of a group-version. */
import { type FieldFact, HEADER, type ObjectFact, shortGroup, type TypeFact, type TypeFile } from './facts.ts';

const SCALARS: Record<string, string> = {
  string: 'string',
  bool: 'boolean',
  int32: 'number',
  int64: 'number',
  float64: 'number',
  byte: 'string',
  time: 'string',
  microTime: 'string',
  duration: 'string',
  quantity: 'string',
  intOrString: 'number | string',
  fieldsV1: 'JsonObject',
  rawExtension: 'JsonObject',
  json: 'Json',
  any: 'unknown',
};

/** Types that machinery/meta.ts declares by hand, because all generic code works on them. */
const BY_HAND = new Set(['ObjectMeta', 'ListMeta', 'OwnerReference', 'ManagedFieldsEntry']);
const SKIPPED = new Set([
  'TypeMeta',
  'Time',
  'MicroTime',
  'Timestamp',
  'Duration',
  'FieldsV1',
  'Patch',
  'Verbs',
  'Status',
  'StatusDetails',
  'StatusCause',
]);

const fileId = (file: TypeFile): string => `${file.group}/${file.version}`;
const fileName = (file: TypeFile): string => `${shortGroup(file.group)}-${file.version}`;

interface Scope {
  file: TypeFile;
  files: readonly TypeFile[];
  /** Names to import, by module. */
  imports: Map<string, Set<string>>;
}

function use(scope: Scope, module: string, name: string): string {
  const names = scope.imports.get(module) ?? new Set();
  scope.imports.set(module, names.add(name));
  return name.replace(/.* as /, '');
}

function find(files: readonly TypeFile[], ref: string): { file: TypeFile; name: string; type: ObjectFact } | undefined {
  const dot = ref.lastIndexOf('.');
  const file = files.find((candidate) => fileId(candidate) === ref.slice(0, dot));
  const name = ref.slice(dot + 1);
  const type = file?.types[name];
  return file && type ? { file, name, type } : undefined;
}

function typeOf(fact: TypeFact, scope: Scope): string {
  if (fact.$ref !== undefined) return referenceOf(fact.$ref, scope);
  if (fact.type === 'array') {
    const item = typeOf(fact.items ?? {}, scope);
    return item.includes('|') ? `(${item})[]` : `${item}[]`;
  }
  if (fact.type === 'map') return `Record<string, ${typeOf(fact.values ?? {}, scope)}>`;
  const scalar = SCALARS[fact.type ?? 'any'] ?? 'unknown';
  return scalar.startsWith('Json') ? use(scope, '../../../machinery/meta.ts', scalar) : scalar;
}

function referenceOf(ref: string, scope: Scope): string {
  const target = find(scope.files, ref);
  if (!target) return 'unknown';
  if (target.file.group === 'meta' && BY_HAND.has(target.name))
    return use(scope, '../../../machinery/meta.ts', target.name);
  if (target.file.group === 'meta' && target.name === 'Status')
    return use(scope, '../../../machinery/status.ts', 'Status');
  if (target.type.scalar !== undefined || target.type.$ref !== undefined)
    return typeOf({ type: target.type.scalar ?? 'any' }, scope);
  if (target.type.fields === undefined && target.type.type === undefined) return 'unknown';
  if (target.file === scope.file) return target.name;
  const clash = scope.file.types[target.name] !== undefined;
  return use(
    scope,
    `./${fileName(target.file)}.ts`,
    clash ? `${target.name} as ${qualifiedName(target.file, target.name)}` : target.name,
  );
}

/** `BatchV1Job`: for names that several group-versions use. */
function qualifiedName(file: TypeFile, name: string): string {
  const group = shortGroup(file.group);
  return `${group.charAt(0).toUpperCase()}${group.slice(1)}${file.version.toUpperCase()}${name}`;
}

const isObject = (type: ObjectFact): boolean =>
  type.fields?.some((field) => field.$ref === 'meta/v1.ObjectMeta' && field.name === 'metadata') ?? false;

function isPresent(field: FieldFact, topLevel: boolean): boolean {
  if (field.name === 'metadata' && topLevel) return true;
  if (field.name === 'spec' && field.always) return true;
  return field.required === true && !field.nullOut;
}

function declaration(name: string, type: ObjectFact, scope: Scope): string {
  if (type.type !== undefined) return `export type ${name} = ${typeOf(type, scope)};\n`;
  const topLevel = type.gvk !== undefined && isObject(type);
  const lines = (type.fields ?? []).map((field) => {
    const key = /^[A-Za-z_]\w*$/.test(field.name) ? field.name : `'${field.name}'`;
    const orNull = field.nullOut && field.type !== 'array' ? ' | null' : '';
    return `  ${key}${isPresent(field, topLevel) ? '' : '?'}: ${typeOf(field, scope)}${orNull};\n`;
  });
  // A type alias, unlike an interface, fits the index signature of KubeObject.
  return topLevel || name === 'Scale'
    ? `export type ${name} = {\n${lines.join('')}};\n`
    : `export interface ${name} {\n${lines.join('')}}\n`;
}

function declared(file: TypeFile): [string, ObjectFact][] {
  return Object.entries(file.types).filter(([name, type]) => {
    if (file.group === 'meta' && (BY_HAND.has(name) || SKIPPED.has(name))) return false;
    if (type.$ref !== undefined || type.scalar !== undefined) return false;
    if (type.fields === undefined && type.type === undefined) return false;
    return !(name.endsWith('List') && type.fields?.some((field) => field.name === 'items' && field.nullOut));
  });
}

export function typesSource(file: TypeFile, files: readonly TypeFile[]): string {
  const scope: Scope = { file, files, imports: new Map() };
  const body = declared(file)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, type]) => declaration(name, type, scope))
    .join('\n');
  const imports = [...scope.imports]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([module, names]) => `import type { ${[...names].sort().join(', ')} } from '${module}';\n`)
    .join('');
  return `${HEADER}${imports}\n${body}`;
}

/** Groups whose types keep their plain name where several groups use it. */
const FIRST = ['core', 'meta', 'rbac.authorization.k8s.io', 'autoscaling', 'admissionregistration.k8s.io'];

export function typesIndexSource(files: readonly TypeFile[]): string {
  const rank = (file: TypeFile): number => {
    const at = FIRST.indexOf(file.group);
    return at < 0 ? FIRST.length : at;
  };
  const ordered = files
    .filter((file) => file.group !== 'special')
    .sort((a, b) => rank(a) - rank(b) || (a.version < b.version ? 1 : -1));
  const taken = new Set<string>();
  let out = HEADER;
  for (const file of ordered) {
    const names = declared(file).map(([name]) => {
      if (!taken.has(name)) {
        taken.add(name);
        return name;
      }
      return `${name} as ${qualifiedName(file, name)}`;
    });
    if (names.length > 0)
      out += `export type {\n${names
        .sort()
        .map((name) => `  ${name},\n`)
        .join('')}} from './${fileName(file)}.ts';\n`;
  }
  return out;
}
