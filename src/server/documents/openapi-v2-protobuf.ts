/**
 * The OpenAPI v2 document in the protobuf form that client-go's discovery asks for.
 * Upstream: gnostic-models/openapiv2/OpenAPIv2.proto, whose field numbers stand here.
 */
import { ByteWriter } from '../../machinery/codec/protobuf/byte-writer.ts';

type Json = Record<string, unknown>;
type Write = (value: unknown, out: ByteWriter) => void;

interface Field {
  tag: number;
  repeated: boolean;
  write: Write;
}

/** Fields by their names in JSON; `x-` ones go where `extensions` says. */
interface Message {
  fields: ReadonlyMap<string, Field>;
  extensions?: Field;
}

const VARINT = 0;
const DOUBLE = 1;
const BYTES = 2;

const text: Write = (value, out) => out.text(String(value));

/** A value of any form: the text is YAML, of which JSON is a part. */
const anyValue: Write = (value, out) =>
  nested(out, () => {
    out.varint((2 << 3) | BYTES);
    out.text(JSON.stringify(value));
  });

function nested(out: ByteWriter, body: () => void): void {
  const start = out.open();
  body();
  out.close(start);
}

const field = (number: number, write: Write, repeated = false, wire = BYTES): Field => ({
  tag: (number << 3) | wire,
  repeated,
  write,
});
const string = (number: number): Field => field(number, text);
const strings = (number: number): Field => field(number, text, true);
const bool = (number: number): Field => field(number, (value, out) => out.varint(value ? 1 : 0), false, VARINT);
const integer = (number: number): Field => field(number, (value, out) => out.integer(Number(value)), false, VARINT);
const double = (number: number): Field => field(number, (value, out) => out.double(Number(value)), false, DOUBLE);
const message = (number: number, of: () => Message): Field => field(number, (value, out) => write(of(), value, out));
const messages = (number: number, of: () => Message): Field =>
  field(number, (value, out) => write(of(), value, out), true);

/** A message that holds nothing but `inner`. */
const wrapped =
  (inner: Field): Write =>
  (value, out) =>
    nested(out, () => writeField(inner, value, out));

/** One entry of a map: its name and its value. */
function named(inner: Write): Write {
  return (entry, out) => {
    const [name, value] = entry as [string, unknown];
    nested(out, () => {
      out.varint((1 << 3) | BYTES);
      out.text(name);
      out.varint((2 << 3) | BYTES);
      inner(value, out);
    });
  };
}

/** A map as a message of one repeated field of named values. */
const map = (number: number, inner: Write, entries = 1): Field =>
  field(number, (value, out) =>
    nested(out, () => writeField(field(entries, named(inner), true), Object.entries(value as Json), out)),
  );

function define(fields: Record<string, Field>, extensions?: number): () => Message {
  let made: Message | undefined;
  return () => {
    made ??= {
      fields: new Map(Object.entries(fields)),
      ...(extensions === undefined ? {} : { extensions: field(extensions, named(anyValue), true) }),
    };
    return made;
  };
}

function write(of: Message, value: unknown, out: ByteWriter): void {
  nested(out, () => writeFields(of, value as Json, out));
}

/** In the order of their numbers, as other encoders write them. */
function writeFields({ fields, extensions }: Message, value: Json, out: ByteWriter): void {
  for (const [name, known] of fields) writeField(known, value[name], out);
  if (!extensions) return;
  const extra = Object.entries(value).filter(([name]) => name.startsWith('x-'));
  if (extra.length > 0) writeField(extensions, extra, out);
}

function writeField({ tag, repeated, write: writeOne }: Field, value: unknown, out: ByteWriter): void {
  if (value === undefined || value === null) return;
  for (const one of repeated ? (value as unknown[]) : [value]) {
    out.varint(tag);
    writeOne(one, out);
  }
}

/** Additional properties are a schema or a flag. */
const additional: Write = (value, out) =>
  nested(out, () => writeField(typeof value === 'boolean' ? bool(2) : message(1, schema), value, out));

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

const schema = define(
  {
    $ref: string(1),
    format: string(2),
    title: string(3),
    description: string(4),
    default: field(5, anyValue),
    multipleOf: double(6),
    maximum: double(7),
    exclusiveMaximum: bool(8),
    minimum: double(9),
    exclusiveMinimum: bool(10),
    maxLength: integer(11),
    minLength: integer(12),
    pattern: string(13),
    maxItems: integer(14),
    minItems: integer(15),
    uniqueItems: bool(16),
    maxProperties: integer(17),
    minProperties: integer(18),
    required: strings(19),
    enum: field(20, anyValue, true),
    additionalProperties: field(21, additional),
    type: field(22, (value, out) => wrapped(strings(1))(list(value), out)),
    items: field(23, (value, out) => wrapped(messages(1, () => schema()))(list(value), out)),
    allOf: messages(24, () => schema()),
    properties: map(25, (value, out) => write(schema(), value, out)),
    discriminator: string(26),
    readOnly: bool(27),
    example: field(30, anyValue),
  },
  31,
);

const bodyParameter = define(
  { description: string(1), name: string(2), in: string(3), required: bool(4), schema: message(5, schema) },
  6,
);
const queryParameter = define(
  {
    required: bool(1),
    in: string(2),
    description: string(3),
    name: string(4),
    allowEmptyValue: bool(5),
    type: string(6),
    format: string(7),
    uniqueItems: bool(20),
  },
  23,
);
const pathParameter = define(
  {
    required: bool(1),
    in: string(2),
    description: string(3),
    name: string(4),
    type: string(5),
    format: string(6),
    uniqueItems: bool(19),
  },
  22,
);

/** A parameter of the body, or one in the query or in the path. */
const parameter: Write = (value, out) => {
  const { in: place } = value as { in?: string };
  const other = place === 'query' ? message(3, queryParameter) : message(4, pathParameter);
  wrapped(place === 'body' ? message(1, bodyParameter) : field(2, wrapped(other)))(value, out);
};
/** A parameter or a reference to one. */
const parametersItem: Write = (value, out) =>
  wrapped('$ref' in (value as Json) ? message(2, reference) : field(1, parameter))(value, out);
const parameters = (number: number): Field => field(number, parametersItem, true);
const reference = define({ $ref: string(1), description: string(2) });

const response = define({ description: string(1), schema: field(2, wrapped(message(1, schema))) }, 5);
const responses: Write = (value, out) =>
  nested(out, () => {
    const inner = named(wrapped(message(1, response)));
    writeField(field(1, inner, true), Object.entries(value as Json), out);
  });

const security = field(
  12,
  (value, out) => {
    const entries = Object.entries(value as Json);
    nested(out, () => writeField(field(1, named(wrapped(strings(1))), true), entries, out));
  },
  true,
);

const operation = define(
  {
    tags: strings(1),
    summary: string(2),
    description: string(3),
    operationId: string(5),
    produces: strings(6),
    consumes: strings(7),
    parameters: parameters(8),
    responses: field(9, responses),
    schemes: strings(10),
    deprecated: bool(11),
    security,
  },
  13,
);

const pathItem = define(
  {
    $ref: string(1),
    get: message(2, operation),
    put: message(3, operation),
    post: message(4, operation),
    delete: message(5, operation),
    options: message(6, operation),
    head: message(7, operation),
    patch: message(8, operation),
    parameters: parameters(9),
  },
  10,
);

const info = define({ title: string(1), version: string(2), description: string(3) }, 7);
const apiKey = define({ type: string(1), name: string(2), in: string(3), description: string(4) }, 5);

const openApi = define(
  {
    swagger: string(1),
    info: message(2, info),
    host: string(3),
    basePath: string(4),
    schemes: strings(5),
    consumes: strings(6),
    produces: strings(7),
    paths: map(8, (value, out) => write(pathItem(), value, out), 2),
    definitions: map(9, (value, out) => write(schema(), value, out)),
    parameters: map(10, parameter),
    security,
    securityDefinitions: map(13, wrapped(message(2, apiKey))),
  },
  16,
);

/** `document` (OpenAPI v2, parsed) as bytes of `openapi.v2.Document`. Parts that Kubernetes never has are left out. */
export function encodeOpenApiV2(document: object): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  writeFields(openApi(), document as Json, out);
  return out.slice();
}
