/**
 * Values as upstream's messages show whole structs: in the shape of its internal types, which write every field, by its
 * Go name, and null for what is unset. Types of meta/v1 have JSON names there as well and stay as they are.
 */
import { sentEmpty } from '../machinery/explicit-empty.ts';
import type { FieldSchema, ObjectSchema, Schema } from '../machinery/schema.ts';
import { FIELD_ORDER, GO_NAMES, HOST_FIELDS } from './internal-layout.ts';
import { objectSchema } from './schema.ts';

/** Words that Go writes in capitals at the start of a name. */
const INITIALISM =
  /^(api|uid|ip|cel|csi|cidr|url|ca|http|tls|nfs|fs|iscsi|rbd|fc|id|dns|tcp|gce|aws|gmsa|tty|os|grpc|pd|wwids)(?=[A-Z]|s$|$)/;
/** Names that do not follow from those of the JSON. */
const ODD_NAMES: Readonly<Record<string, string>> = {
  'resource.k8s.io/v1.DeviceAttribute.bool': 'BoolValue',
  'resource.k8s.io/v1.DeviceAttribute.bools': 'BoolValues',
  'resource.k8s.io/v1.DeviceAttribute.int': 'IntValue',
  'resource.k8s.io/v1.DeviceAttribute.ints': 'IntValues',
  'resource.k8s.io/v1.DeviceAttribute.string': 'StringValue',
  'resource.k8s.io/v1.DeviceAttribute.strings': 'StringValues',
  'resource.k8s.io/v1.DeviceAttribute.version': 'VersionValue',
  'resource.k8s.io/v1.DeviceAttribute.versions': 'VersionValues',
  'core/v1.AzureDiskVolumeSource.diskURI': 'DataDiskURI',
  'core/v1.EventSource.host': 'Host',
  'core/v1.GlusterfsPersistentVolumeSource.endpoints': 'EndpointsName',
  'core/v1.GlusterfsVolumeSource.endpoints': 'EndpointsName',
  'core/v1.NodeSpec.externalID': 'DoNotUseExternalID',
  'core/v1.RBDPersistentVolumeSource.image': 'RBDImage',
  'core/v1.RBDPersistentVolumeSource.monitors': 'CephMonitors',
  'core/v1.RBDPersistentVolumeSource.pool': 'RBDPool',
  'core/v1.RBDPersistentVolumeSource.user': 'RadosUser',
  'core/v1.RBDVolumeSource.image': 'RBDImage',
  'core/v1.RBDVolumeSource.monitors': 'CephMonitors',
  'core/v1.RBDVolumeSource.pool': 'RBDPool',
  'core/v1.RBDVolumeSource.user': 'RadosUser',
};

const MAPS_OF_META = new Set(['matchLabels', 'labels', 'annotations']);
const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

/** `value` of the type called `name` (`resource.k8s.io/v1.ResourceClaimSpec`), for use in a message. */
export const internalForm = (name: string, value: unknown): unknown => objectForm(objectSchema(name), value);

const goName = (type: string | undefined, field: string): string =>
  ODD_NAMES[`${type}.${field}`] ??
  GO_NAMES[field] ??
  (INITIALISM.test(field)
    ? field.replace(INITIALISM, (word) => word.toUpperCase())
    : `${field.charAt(0).toUpperCase()}${field.slice(1)}`);

function form(schema: Schema, value: unknown): unknown {
  if (value === undefined || value === null) return zeroForm(schema);
  if (schema.type === 'object') return objectForm(schema, value);
  if (schema.type === 'array') return (value as unknown[]).map((item) => form(schema.items, item));
  if (schema.type !== 'map') return value;
  const entries = Object.entries(value as Record<string, unknown>).sort(byKey);
  return Object.fromEntries(entries.map(([key, item]) => [key, form(schema.values, item)]));
}

/** What is set of a type of meta/v1, its fields in their order and maps by their keys, as Go writes both. */
function metaForm(schema: ObjectSchema, value: object): object {
  const input = value as Record<string, unknown>;
  const shown: [string, unknown][] = [];
  for (const { name } of schema.fields.values()) {
    const item = input[name];
    if (item === undefined) continue;
    shown.push([name, MAPS_OF_META.has(name) && item ? Object.fromEntries(Object.entries(item).sort(byKey)) : item]);
  }
  return Object.fromEntries(shown);
}

function objectForm(schema: ObjectSchema, value: unknown): unknown {
  if (schema.name?.startsWith('meta/v1.')) return metaForm(schema, value as object);
  const input = value as Record<string, unknown>;
  const output: Record<string, unknown> = {};
  for (const field of fieldsOf(schema)) {
    // Metadata is embedded, so that its fields stand among those of the type.
    if (field.name === 'metadata')
      Object.assign(output, metaForm(objectSchema('meta/v1.ObjectMeta'), (input.metadata ?? {}) as object));
    else output[goName(schema.name, field.name)] = fieldForm(field, input[field.name] ?? sentEmpty(input, field.name));
  }
  if (schema.name === 'core/v1.PodSpec' && output.SecurityContext) {
    const host = HOST_FIELDS.map(([name, go, unset]) => [go, input[name] ?? unset]);
    output.SecurityContext = { ...Object.fromEntries(host), ...(output.SecurityContext as object) };
  }
  return output;
}

function fieldsOf(schema: ObjectSchema): FieldSchema[] {
  const order = FIELD_ORDER[schema.name ?? ''];
  if (!order) return [...schema.fields.values()];
  return order.map((name) => schema.fields.get(name)).filter((field) => field !== undefined);
}

const fieldForm = (field: FieldSchema, value: unknown): unknown =>
  (value === undefined || value === null) && field.pointer ? null : form(field.schema, value);

function zeroForm(schema: Schema): unknown {
  switch (schema.type) {
    case 'object':
      return objectForm(schema, {});
    case 'string':
    case 'intOrString':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'float64':
      return 0;
    case 'quantity':
      return '0';
    default:
      return null;
  }
}
