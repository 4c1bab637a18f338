import { describe, expect, it } from 'vitest';
import {
  configMaps,
  customResourceDefinitions,
  deployments,
  events,
  leases,
  pods,
  resourceQuotas,
  secrets,
  services,
} from '../../../src/kinds/index.ts';
import { DecodeError, decodeBody, decodeObject } from '../../../src/machinery/fields/index.ts';
import type { Kind } from '../../../src/machinery/kind.ts';

const decode = (kind: Kind, json: unknown): unknown => decodeObject(kind.schema, json).object;
const failure = (kind: Kind, json: unknown): string => {
  try {
    decode(kind, json);
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
  return '';
};

describe('decodeObject', () => {
  it('writes plain structs and required scalars, and leaves out what is empty', () => {
    expect(
      decode(pods as Kind, {
        metadata: { name: 'a', labels: {} },
        spec: { containers: [{ name: 'c', args: [], stdin: false }], hostNetwork: false },
      }),
    ).toEqual({
      metadata: { name: 'a' },
      spec: { containers: [{ name: 'c', resources: {} }] },
      status: {},
    });
  });

  it('keeps zeros of pointer fields', () => {
    const spec = { replicas: 0, selector: {}, template: {} };
    expect(decode(deployments as Kind, { metadata: {}, spec })).toEqual({
      metadata: {},
      spec: { replicas: 0, selector: {}, template: { metadata: {}, spec: { containers: null } }, strategy: {} },
      status: {},
    });
  });

  it('takes nulls as absent, and as the zero value inside lists and maps', () => {
    expect(
      decode(configMaps as Kind, { metadata: { name: 'c', labels: null }, data: { a: null }, immutable: null }),
    ).toEqual({
      metadata: { name: 'c' },
      data: { a: '' },
    });
  });

  it('writes times, lists and pointers without omitempty as null', () => {
    expect(decode(events as Kind, { metadata: {}, involvedObject: {} })).toMatchObject({
      firstTimestamp: null,
      eventTime: null,
      source: {},
    });
  });

  it('brings quantities, times and base64 into their normal form', () => {
    expect(
      decode(resourceQuotas as Kind, { metadata: {}, spec: { hard: { cpu: '1000m', memory: 1024 } } }),
    ).toMatchObject({
      spec: { hard: { cpu: '1', memory: '1024' } },
    });
    expect(
      decode(leases as Kind, {
        metadata: { creationTimestamp: '2026-01-01T02:00:00.5+02:00' },
        spec: { renewTime: '2026-01-01T02:00:00.123456+02:00' },
      }),
    ).toMatchObject({
      metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { renewTime: '2026-01-01T00:00:00.123456Z' },
    });
    expect(decode(secrets as Kind, { metadata: {}, data: { a: 'YWJj\nYWJj' } })).toMatchObject({
      data: { a: 'YWJjYWJj' },
    });
  });

  it('puts fields into declaration order', () => {
    expect(
      Object.keys(
        decode(configMaps as Kind, { data: { a: 'b' }, metadata: {}, apiVersion: 'v1', kind: 'ConfigMap' }) as object,
      ),
    ).toEqual(['kind', 'apiVersion', 'metadata', 'data']);
  });

  it('says what Go says of a wrong type', () => {
    expect(failure(services as Kind, { spec: { ports: [{ port: 'x' }] } })).toBe(
      'json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32',
    );
    expect(failure(services as Kind, { spec: { ports: [{ port: 1, targetPort: true }] } })).toBe(
      'json: cannot unmarshal bool into Go struct field ServicePort.spec.ports.targetPort of type int32',
    );
    expect(failure(pods as Kind, { spec: { volumes: [{ emptyDir: 'x' }] } })).toBe(
      'json: cannot unmarshal string into Go struct field Volume.spec.volumes.VolumeSource.emptyDir of type v1.EmptyDirVolumeSource',
    );
    expect(failure(services as Kind, { spec: { type: 5 } })).toBe(
      'json: cannot unmarshal number into Go struct field ServiceSpec.spec.type of type v1.ServiceType',
    );
    expect(failure(services as Kind, { spec: { ipFamilies: 'x' } })).toBe(
      'json: cannot unmarshal string into Go struct field ServiceSpec.spec.ipFamilies of type []v1.IPFamily',
    );
    expect(failure(resourceQuotas as Kind, { spec: { hard: [] } })).toBe(
      'json: cannot unmarshal array into Go struct field ResourceQuotaSpec.spec.hard of type v1.ResourceList',
    );
    expect(failure(secrets as Kind, { data: { a: '!' } })).toBe('illegal base64 data at input byte 0');
    expect(failure(leases as Kind, { spec: { renewTime: 'yesterday' } })).toContain(
      'cannot parse "yesterday" as "2006"',
    );
    expect(failure(leases as Kind, { spec: { renewTime: 5 } })).toContain(
      'cannot unmarshal number into Go struct field LeaseSpec.spec.renewTime of type string',
    );
    expect(failure(resourceQuotas as Kind, { spec: { hard: { cpu: 'x' } } })).toContain(
      'quantities must match the regular expression',
    );
    expect(failure(pods as Kind, { spec: { priority: 1.5 } })).toContain(
      'cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32',
    );
  });

  it('is safe against keys that objects inherit', () => {
    const labels = JSON.parse('{"__proto__":"x","constructor":"y"}') as object;
    const object = decode(pods as Kind, { metadata: { labels } }) as { metadata: { labels: object } };
    expect(JSON.stringify(object.metadata.labels)).toBe('{"__proto__":"x","constructor":"y"}');
    expect(decode(configMaps as Kind, JSON.parse('{"metadata":{},"__proto__":{"data":{"a":"b"}}}'))).toEqual({
      metadata: {},
    });
  });

  it('refuses values too deep to be written out', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 5000; i++) deep = { a: deep };
    const json = { metadata: {}, spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema: { default: deep } } }] } };
    expect(failure(customResourceDefinitions as Kind, json)).toBe('exceeded max depth');
  });

  it('gives the same again when decoded twice', () => {
    const once = decode(deployments as Kind, {
      metadata: {},
      spec: { template: { spec: { containers: [{ name: 'a' }] } } },
    });
    expect(decode(deployments as Kind, structuredClone(once))).toEqual(once);
  });
});

describe('decodeBody', () => {
  const body = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labelz":{}},"bogus":1,
    "spec":{"replicas":[[{}]],"dnsPolicy":"Default","dnsPolicy":"Default","containers":[{"name":"c","imagee":"i","ports":[{"port":80}]}]}}`;

  it('names unknown and duplicate fields in document order', () => {
    expect(decodeBody(pods.schema, body, 'Strict').fieldErrors).toEqual([
      'unknown field "metadata.labelz"',
      'unknown field "bogus"',
      'unknown field "spec.replicas"',
      'duplicate field "spec.dnsPolicy"',
      'unknown field "spec.containers[0].imagee"',
      'unknown field "spec.containers[0].ports[0].port"',
    ]);
    expect(decodeBody(pods.schema, body, 'Ignore').fieldErrors).toEqual([]);
  });

  it('sees a duplicate key of a map in a compact text', () => {
    expect(decodeBody(configMaps.schema, '{"data":{"a":"1","a":"2"}}', 'Warn').fieldErrors).toEqual([
      'duplicate field "data.a"',
    ]);
  });

  const definition = (schema: string): string => `{"spec":{"versions":[{"schema":{"openAPIV3Schema":${schema}}}]}}`;

  it('drops unknown fields below what may take several forms, and tells nobody', () => {
    const text = definition(
      '{"not":{"typo":1},"items":{"typo":1,"type":"a","type":"b"},"additionalProperties":{"x":1}}',
    );
    const { object, fieldErrors } = decodeBody(customResourceDefinitions.schema, text, 'Warn');
    expect(fieldErrors).toEqual(['unknown field "spec.versions[0].schema.openAPIV3Schema.not.typo"']);
    expect(JSON.stringify(object)).toContain('"items":{"type":"b"}');
  });

  it.each(['"x"', '5', 'true', '[]'])('takes items that are %s for none', (items) => {
    const { object } = decodeBody(customResourceDefinitions.schema, definition(`{"items":${items}}`), 'Strict');
    expect(JSON.stringify(object)).not.toContain('items');
  });

  it.each(['"x"', '5', '[]'])('refuses additional properties that are %s', (given) => {
    const text = definition(`{"additionalProperties":${given}}`);
    expect(() => decodeBody(customResourceDefinitions.schema, text, 'Ignore')).toThrow(
      'boolean or JSON schema expected',
    );
  });
});
