import { describe, expect, it } from 'vitest';
import { type ApplyRequest, apply, trackUpdate } from '../../../src/machinery/apply/index.ts';
import type { KubeObject } from '../../../src/machinery/meta.ts';
import { StatusError } from '../../../src/machinery/status.ts';
import { thing } from './schemas.ts';

const T0 = Date.UTC(2026, 0, 1);

function config(parts: Record<string, unknown>, metadata: Record<string, unknown> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a', ...metadata }, ...parts };
}

function request(live: KubeObject | null, applied: KubeObject, options: Partial<ApplyRequest> = {}): ApplyRequest {
  return {
    live,
    applied,
    schema: thing,
    kind: 'Thing',
    apiVersion: 'v1',
    manager: 'm1',
    force: false,
    now: T0,
    resetFields: ['status'],
    ...options,
  };
}

/** The stored object after an apply. */
function stored(live: KubeObject | null, applied: KubeObject, options: Partial<ApplyRequest> = {}): KubeObject {
  const { object, managedFields } = apply(request(live, applied, options));
  return { ...object, metadata: { ...object.metadata, uid: 'u', ...(managedFields ? { managedFields } : {}) } };
}

function failure(run: () => unknown): StatusError {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('did not fail');
}

const owners = (object: KubeObject) =>
  Object.fromEntries((object.metadata.managedFields ?? []).map((e) => [`${e.manager} ${e.operation}`, e.fieldsV1]));

describe('apply', () => {
  it('owns exactly what the configuration names', () => {
    const object = stored(
      null,
      config({ spec: { items: [{ name: 'a', value: '1' }], strategy: {} }, data: { x: '1' } }, { labels: { l: '1' } }),
    );
    expect(owners(object)).toEqual({
      'm1 Apply': {
        'f:data': { 'f:x': {} },
        'f:metadata': { 'f:labels': { 'f:l': {} } },
        'f:spec': { 'f:items': { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:value': {} } }, 'f:strategy': {} },
      },
    });
  });

  it('applied again changes neither object nor entry', () => {
    const applied = config({ data: { a: '1' } });
    const live = stored(null, applied);
    const { object, managedFields } = apply(request(live, applied, { now: T0 + 60_000 }));
    expect(object).toEqual({ ...live, metadata: { name: 'a', uid: 'u' } });
    expect(managedFields?.[0]).toBe(live.metadata.managedFields?.[0]);
  });

  it('removes what only this applier set and now leaves out', () => {
    let live = stored(
      null,
      config({ data: { a: '1', b: '2' }, spec: { items: [{ name: 'x', value: '1' }, { name: 'y' }] } }),
    );
    live = stored(live, config({ data: { a: '1' } }), { manager: 'm2' });
    live = stored(live, config({ data: {}, spec: { items: [{ name: 'y' }] } }));
    expect(live.data).toEqual({ a: '1' });
    expect(live.spec).toEqual({ items: [{ name: 'y' }] });
  });

  it('keeps a map that loses its last member, as the configuration still names it', () => {
    const before = stored(null, config({ data: { x: '1' } }));
    expect(stored(before, config({ data: {} })).data).toEqual({});
    expect(stored(before, config({})).data).toBeUndefined();
  });

  it('keeps what an updater set below an item that another applier owns', () => {
    let live = stored(null, config({ spec: { items: [{ name: 'x', value: '1' }] } }));
    const updated: KubeObject = structuredClone(live);
    (updated.spec as { items: Record<string, unknown>[] }).items[0]!.args = ['z'];
    updated.metadata.managedFields = trackUpdate({
      live,
      object: updated,
      schema: thing,
      apiVersion: 'v1',
      manager: 'u',
      now: T0,
    })!;
    live = stored(updated, config({ spec: { items: [{ name: 'x' }] } }));
    expect(live.spec).toEqual({ items: [{ name: 'x', args: ['z'] }] });
  });

  it('answers 409 with every conflict as a cause, and takes over with force', () => {
    let live = stored(null, config({ data: { a: '1', b: '2' }, spec: { items: [{ name: 'x', value: '1' }] } }));
    const other = config({ data: { a: 'x' }, spec: { items: [{ name: 'x', value: '2' }] } });
    const error = failure(() => apply(request(live, other, { manager: 'm2' })));
    expect(error.status).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 2 conflicts: conflicts with "m1":\n- .data.a\n- .spec.items[name="x"].value',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "m1"', field: '.data.a' },
          { reason: 'FieldManagerConflict', message: 'conflict with "m1"', field: '.spec.items[name="x"].value' },
        ],
      },
    });
    live = stored(live, other, { manager: 'm2', force: true });
    expect(owners(live)['m1 Apply']).toEqual({
      'f:data': { 'f:b': {} },
      'f:spec': { 'f:items': { 'k:{"name":"x"}': { '.': {}, 'f:name': {} } } },
    });
  });

  it('names version and subresource of the other manager', () => {
    const live = config({ data: { a: '1' }, status: { phase: 'A' } }, { uid: 'u' });
    live.metadata.managedFields = [
      {
        manager: 'u',
        operation: 'Update',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:a': {} } },
      },
      {
        manager: 's',
        operation: 'Apply',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:status': { 'f:phase': {} } },
        subresource: 'status',
      },
    ];
    expect(failure(() => apply(request(live, config({ data: { a: '2' } })))).message).toBe(
      'Apply failed with 1 conflict: conflict with "u" using v1: .data.a',
    );
    const status = { subresource: 'status', resetFields: ['spec'] };
    expect(failure(() => apply(request(live, config({ status: { phase: 'B' } }), status))).message).toBe(
      'Apply failed with 1 conflict: conflict with "s" with subresource "status": .status.phase',
    );
  });

  it('shares ownership of equal values without a time, as the object does not change', () => {
    const live = stored(null, config({ data: { a: '1' } }));
    const { managedFields } = apply(request(live, config({ data: { a: '1' } }), { manager: 'm2', now: T0 + 1000 }));
    expect(managedFields?.map(({ manager, time }) => [manager, time])).toEqual([
      ['m2', undefined],
      ['m1', '2026-01-01T00:00:00Z'],
    ]);
  });

  it('gives an object that was never tracked to before-first-apply', () => {
    const live = config({ data: { a: '1', b: '2' } }, { uid: 'u' });
    expect(failure(() => apply(request(live, config({ data: { a: 'x' } })))).message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a',
    );
  });

  it('merges keyed lists in the order of the configuration around what others have', () => {
    const names = (object: KubeObject) =>
      (object.spec as { items: { name: string }[] }).items.map(({ name }) => name).join('');
    const list = (order: string) => config({ spec: { items: [...order].map((name) => ({ name })) } });
    let live = stored(null, list('ac'));
    live = stored(live, list('bc'), { manager: 'm2' });
    expect(names(live)).toBe('abc');
    live = stored(live, list('cbd'), { manager: 'm2' });
    expect(names(live)).toBe('acbd');
    live = stored(live, list('cea'));
    expect(names(live)).toBe('cbdea');
  });

  it.each([
    [{ bogus: 1 }, '.bogus: field not declared in schema'],
    [{ spec: { replicas: 'x' } }, '.spec.replicas: expected numeric (int or float), got string'],
    [
      { spec: { items: [{ name: 'a', resources: { limits: { cpu: { x: [1] } } } }] } },
      '.spec.items[name="a"].resources.limits.cpu: expected any scalar, got &{map[x:[1]]}',
    ],
    [{ spec: { items: [{ name: 'a' }, { name: 'a' }] } }, '.spec.items: duplicate entries for key [name="a"]'],
    [
      { spec: { items: [{ name: 'a', ports: [{ port: 1 }, { port: 1, protocol: 'TCP' }] }] } },
      '.spec.items[name="a"].ports: duplicate entries for key [port=1,protocol="TCP"]',
    ],
  ])('refuses %j, which does not fit the type', (parts, message) => {
    const error = failure(() => apply(request(null, config(parts))));
    expect(error.code).toBe(500);
    expect(error.message).toBe(`failed to create typed patch object (/a; /v1, Kind=Thing): ${message}`);
  });

  it('says so when the stored object has items that nothing identifies', () => {
    const live = config({ spec: { items: [{ name: 'x', ports: [null] }] } }, { uid: 'u' });
    const applied = config({ spec: { items: [{ name: 'x', ports: [{ port: 1 }] }] } });
    const error = failure(() => apply(request(live, applied, { force: true })));
    expect([error.code, error.message]).toEqual([
      500,
      'failed to merge config: associative list with keys may not have a null element',
    ]);
  });

  it('refuses another type and managedFields in the body', () => {
    expect(failure(() => apply(request(null, { ...config({}), kind: 'Other' }))).message).toBe(
      'invalid object type: /v1, Kind=Other',
    );
    expect(failure(() => apply(request(null, config({}, { managedFields: [] })))).message).toBe(
      'metadata.managedFields must be nil',
    );
    const odd = { ...config({}), apiVersion: 'a/b/c' };
    expect(failure(() => apply(request(null, odd))).message).toBe('invalid object type: /, Kind=');
  });

  it('leaves out of messages what is no text', () => {
    const odd = { ...config({}), metadata: { name: 5 } } as unknown as KubeObject;
    expect(failure(() => apply(request(null, odd))).message).toMatch(
      /typed patch object \(\/; \/v1, Kind=Thing\): \.metadata\.name/,
    );
  });
});

describe('apply by kubectl', () => {
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
  const client = (data: Record<string, string>) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a' }, data });

  function applied(data: Record<string, string>): KubeObject {
    const object = config({ data }, { annotations: { [annotation]: client(data) } });
    const managedFields = trackUpdate({
      object,
      schema: thing,
      apiVersion: 'v1',
      manager: 'kubectl-client-side-apply',
      now: T0,
    })!;
    return { ...object, metadata: { ...object.metadata, uid: 'u', managedFields } };
  }

  it('changes what client-side apply set and rewrites the annotation', () => {
    const live = stored(applied({ a: '1', b: '2' }), config({ data: { a: 'x' } }), { manager: 'kubectl' });
    expect(live.data).toEqual({ a: 'x', b: '2' });
    expect(live.metadata.annotations?.[annotation]).toBe(
      '{"apiVersion":"v1","data":{"a":"x"},"kind":"Thing","metadata":{"name":"a"}}\n',
    );
  });

  it('conflicts where the live value is not what client-side apply set', () => {
    const live = applied({ a: '1' });
    live.data = { a: 'changed' };
    expect(() => apply(request(live, config({ data: { a: 'x' } }), { manager: 'kubectl' }))).toThrow(
      /1 conflict.*\.data\.a/,
    );
  });

  it('is the only applier that may', () => {
    expect(() => apply(request(applied({ a: '1' }), config({ data: { a: 'x' } }), { manager: 'zed' }))).toThrow(
      /1 conflict/,
    );
  });
});
