import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allKinds, objectSchema, schemaOfKind } from '../../../src/kinds/index.ts';
import { decodeRaw, encodeObject, openEnvelope, ProtobufError } from '../../../src/machinery/codec/protobuf/index.ts';
import { decodeObject } from '../../../src/machinery/fields/index.ts';
import type { ObjectSchema } from '../../../src/machinery/schema.ts';
import { objectsOf } from '../../support/schema-values.ts';

function throughProtobuf(schema: ObjectSchema, object: Record<string, unknown>): unknown {
  const envelope = openEnvelope(encodeObject(object, { apiVersion: 'v1', kind: 'X' }, schema));
  expect(envelope).toMatchObject({ apiVersion: 'v1', kind: 'X' });
  return decodeObject(schema, decodeRaw(envelope.raw, schema)).object;
}

/**
 * Objects that upstream's API fuzzer filled, with the bytes and the JSON that k8s.io/apimachinery 0.36.0 wrote for them
 * (integers within 2^53).
 */
const RECORDED = JSON.parse(readFileSync(new URL('./generated/upstream-objects.json', import.meta.url), 'utf8')) as {
  apiVersion: string;
  kind: string;
  base64: string;
  object: Record<string, unknown>;
}[];

function schemaOf({ apiVersion, kind }: { apiVersion: string; kind: string }): ObjectSchema {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return (schemaOfKind(group, version, kind) ?? schemaOfKind('meta', 'v1', kind)) as ObjectSchema;
}

describe('protobuf', () => {
  it.each(allKinds.map((kind) => [`${kind.group}/${kind.version} ${kind.kind}`, kind.schema] as const))(
    'keeps every value of %s',
    (_, schema) => {
      fc.assert(
        fc.property(objectsOf(schema, 5), (object) => {
          const normal = decodeObject(schema, structuredClone(object)).object as Record<string, unknown>;
          expect(throughProtobuf(schema, normal)).toEqual(normal);
        }),
        { numRuns: 20, seed: 7 },
      );
    },
  );

  it('writes the bytes that upstream writes', () => {
    const hex = (type: string, object: object): string =>
      [...encodeObject(object, { apiVersion: 'v1', kind: type }, objectSchema(`core/v1.${type}`))]
        .map((byte) => byte.toString(16).padStart(2, '0'))
        .join('');
    // Recorded from k8s.io/api 0.36.0.
    expect(hex('ConfigMap', { metadata: { name: 'a' }, data: { k: 'v' } })).toBe(
      '6b3873000a0f0a0276311209436f6e6669674d6170121b0a110a016112001a0022002a0032003800420012060a016b1201761a002200',
    );
    const pod = {
      metadata: { name: 'a', creationTimestamp: '2023-11-14T22:13:20Z', labels: { b: 'é', a: '1' } },
      spec: {
        containers: [
          {
            name: 'c',
            image: 'i',
            resources: { requests: { cpu: '100m' } },
            readinessProbe: { httpGet: { path: '/', port: 80 } },
          },
        ],
        volumes: [{ name: 'v', emptyDir: {} }],
      },
      status: {},
    };
    expect(hex('Pod', pod)).toBe(
      '6b3873000a090a0276311203506f6412b4010a2a0a016112001a0022002a003200380042080880e2cfaa0610005a060a01611201315a070a01621202c3a912710a090a0176120412020a0012480a01631201692a00420f120d0a0363707512060a043130306d5a1d0a11120f0a012f1206080010501a001a002200100018002000280030006a007200800100880100900100a201001a00320042004a0052005800600068008201008a01009a0100c201001a130a001a0022002a0032004a005a0072008801001a002200',
    );
  });

  it.each(RECORDED)('reads and writes $apiVersion $kind as upstream does', (recorded) => {
    const { apiVersion, kind, base64, object } = recorded;
    const schema = schemaOf(recorded);
    const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
    const written = encodeObject(object, { apiVersion, kind }, schema);
    expect(Buffer.from(written).toString('base64')).toBe(base64);
    const read = { ...decodeRaw(openEnvelope(bytes).raw, schema), apiVersion, kind };
    expect(decodeObject(schema, read).object).toEqual(decodeObject(schema, structuredClone(object)).object);
  });

  it('reads an entry of a map that has no value as an empty one', () => {
    // data: {"k": <absent>}
    const raw = new Uint8Array([0x12, 0x03, 0x0a, 0x01, 0x6b]);
    expect(decodeRaw(raw, objectSchema('core/v1.Secret'))).toEqual({ data: { k: '' } });
  });

  it('keeps hostile map keys as keys', () => {
    const schema = objectSchema('core/v1.ConfigMap');
    const data = JSON.parse('{"__proto__":"x","constructor":"y"}');
    const back = throughProtobuf(schema, { metadata: {}, data }) as { data: object };
    expect(Object.keys(back.data).sort()).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it('refuses what is no message with an error of its own, whatever the bytes', () => {
    const schema = objectSchema('core/v1.Pod');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeRaw(bytes, schema);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtobufError);
        }
      }),
      { numRuns: 500, seed: 11 },
    );
    expect(() => openEnvelope(new Uint8Array([1, 2, 3]))).toThrow(ProtobufError);
  });

  it('bounds how deep a message may nest', () => {
    const schema = objectSchema('apiextensions.k8s.io/v1.JSONSchemaProps');
    const items = [...schema.fields.values()].find((field) => field.name === 'not');
    let bytes: number[] = [];
    for (let i = 0; i < 5_000 && bytes.length < 100_000; i++) {
      const length: number[] = [];
      for (let rest = bytes.length; ; rest >>= 7) {
        if (rest < 128) {
          length.push(rest);
          break;
        }
        length.push((rest & 127) | 128);
      }
      const tag = (items?.proto as number) * 8 + 2;
      bytes = [...(tag < 128 ? [tag] : [(tag & 127) | 128, tag >> 7]), ...length, ...bytes];
    }
    expect(() => decodeRaw(new Uint8Array(bytes), schema)).toThrow(ProtobufError);
  });
});
