import { describe, expect, it } from 'vitest';
import { trackUpdate } from '../../../src/machinery/apply/index.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../../src/machinery/meta.ts';
import { thing } from './schemas.ts';

const T0 = Date.UTC(2026, 0, 1);
const RESET = ['status'];

function object(parts: Record<string, unknown>, metadata: Record<string, unknown> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a', namespace: 'n', ...metadata }, ...parts };
}

interface Step {
  manager?: string;
  now?: number;
  subresource?: string;
}

function track(live: KubeObject | null, next: KubeObject, { manager = 'm1', now = T0, subresource = '' }: Step = {}) {
  return trackUpdate({
    live,
    object: next,
    schema: thing,
    apiVersion: 'v1',
    manager,
    subresource,
    now,
    resetFields: RESET,
  });
}

/** The object as it is stored after the step. */
function written(live: KubeObject | null, next: KubeObject, step: Step = {}): KubeObject {
  const managedFields = track(live, next, step);
  return { ...next, metadata: { ...next.metadata, uid: 'u', ...(managedFields ? { managedFields } : {}) } };
}

const fieldsOf = (entries: ManagedFieldsEntry[] | undefined, manager: string) =>
  entries?.find((entry) => entry.manager === manager)?.fieldsV1;

describe('trackUpdate on create', () => {
  it('forgets managers of nothing that a client sent', () => {
    const live = written(null, object({}, { labels: { a: '1' } }));
    const nobody = { manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} };
    expect(track(live, object({}, { labels: { a: '1' }, managedFields: [nobody] }))).toBeUndefined();
  });

  it('lists what the object sets, in order, with maps and items marked and plain structs not', () => {
    const entries = track(
      null,
      object(
        {
          spec: {
            items: [
              {
                name: 'b',
                value: '1',
                ports: [
                  { port: 443, protocol: 'TCP' },
                  { port: 80, protocol: 'TCP' },
                ],
              },
              { name: 'a', args: ['x'], resources: { limits: { cpu: '1' } } },
            ],
            selector: { a: 'b' },
            free: { x: { y: [1] } },
            strategy: { type: 'T' },
          },
          data: { z: '1' },
          status: { phase: 'P' },
        },
        { labels: { l: '1' }, finalizers: ['f/b', 'f/a'] },
      ),
    );
    expect(JSON.stringify(entries)).toBe(
      JSON.stringify([
        {
          manager: 'm1',
          operation: 'Update',
          apiVersion: 'v1',
          time: '2026-01-01T00:00:00Z',
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:data': { '.': {}, 'f:z': {} },
            'f:metadata': {
              'f:finalizers': { '.': {}, 'v:"f/a"': {}, 'v:"f/b"': {} },
              'f:labels': { '.': {}, 'f:l': {} },
            },
            'f:spec': {
              'f:free': { '.': {}, 'f:x': { '.': {}, 'f:y': {} } },
              'f:items': {
                'k:{"name":"a"}': {
                  '.': {},
                  'f:args': {},
                  'f:name': {},
                  'f:resources': { '.': {}, 'f:limits': { '.': {}, 'f:cpu': {} } },
                },
                'k:{"name":"b"}': {
                  '.': {},
                  'f:name': {},
                  'f:ports': {
                    '.': {},
                    'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:protocol': {} },
                    'k:{"port":443,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:protocol': {} },
                  },
                  'f:resources': {},
                  'f:value': {},
                },
              },
              'f:selector': {},
              'f:strategy': { '.': {}, 'f:type': {} },
            },
          },
        },
      ]),
    );
  });

  it('ignores managedFields of the body and records a manager without a name as unknown', () => {
    const entries = track(null, object({ data: { a: '1' } }, { managedFields: [{ manager: 'x' }] }), { manager: '' });
    expect(entries?.map((entry) => entry.manager)).toEqual(['unknown']);
  });

  it('records nothing for an object that sets nothing of its own', () => {
    expect(track(null, object({}))).toBeUndefined();
  });
});

describe('trackUpdate on update', () => {
  it('moves changed fields to the manager and takes removed fields from their owner', () => {
    const live = written(null, object({ data: { a: '1', b: '2', c: '3' } }));
    const entries = track(live, object({ data: { a: 'x', b: '2' } }), { manager: 'm2', now: T0 + 5000 });
    expect(fieldsOf(entries, 'm1')).toEqual({ 'f:data': { '.': {}, 'f:b': {} } });
    expect(fieldsOf(entries, 'm2')).toEqual({ 'f:data': { 'f:a': {} } });
    expect(entries?.map((entry) => entry.time)).toEqual(['2026-01-01T00:00:00Z', '2026-01-01T00:00:05Z']);
  });

  it('keeps the very entries when nothing changes', () => {
    const live = written(null, object({ data: { a: '1' } }));
    const next = structuredClone(live);
    const entries = track(live, next, { manager: 'm2', now: T0 + 5000 });
    expect(entries).toEqual(live.metadata.managedFields);
    expect(entries?.[0]).toBe(live.metadata.managedFields?.[0]);
  });

  it('gives later changes of a manager to its one entry, with a new time', () => {
    const live = written(null, object({ data: { a: '1' } }));
    const entries = track(live, object({ data: { a: '1', b: '2' } }), { now: T0 + 5000 });
    expect(entries).toHaveLength(1);
    expect(entries?.[0]).toMatchObject({
      time: '2026-01-01T00:00:05Z',
      fieldsV1: { 'f:data': { '.': {}, 'f:a': {}, 'f:b': {} } },
    });
  });

  it('keeps an entry per subresource and does not let the main resource own the status', () => {
    const live = written(null, object({ data: { a: '1' } }));
    const next = object({ data: { a: '1' }, status: { phase: 'Ready' } });
    expect(track(live, next, { manager: 'm2' })).toEqual(live.metadata.managedFields);
    const entries = trackUpdate({
      live,
      object: next,
      schema: thing,
      apiVersion: 'v1',
      manager: 'm2',
      subresource: 'status',
      now: T0,
      resetFields: ['spec'],
    });
    expect(entries?.find((entry) => entry.subresource === 'status')?.fieldsV1).toEqual({
      'f:status': { 'f:phase': {} },
    });
  });

  it('drops tracking when managedFields are reset and does not start again by updates', () => {
    const live = written(null, object({ data: { a: '1' } }));
    for (const managedFields of [[], [{}]]) {
      const next = object({ data: { a: '2' } }, { managedFields });
      expect(track(live, next)).toBeUndefined();
      const reset = {
        ...next,
        metadata: { ...next.metadata, uid: 'u', managedFields: undefined },
      } as unknown as KubeObject;
      expect(track(reset, object({ data: { a: '3' } }))).toBeUndefined();
    }
  });

  it('takes managedFields that a client sends when they are valid, and the stored ones otherwise', () => {
    const live = written(null, object({ data: { a: '1', b: '2' } }));
    const entry = { manager: 'x', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1' };
    const valid = object(
      { data: { a: '1', b: '2' } },
      { managedFields: [{ ...entry, fieldsV1: { 'f:data': { 'f:b': {} } } }] },
    );
    expect(track(live, valid)?.map(({ manager }) => manager)).toEqual(['x']);
    for (const broken of [
      { ...entry, operation: 'Steal' },
      { ...entry, fieldsV1: { data: {} } },
      { ...entry, fieldsType: 'V2' },
    ]) {
      const invalid = object({ data: { a: '1', b: '2' } }, { managedFields: [broken] });
      expect(track(live, invalid)).toEqual(live.metadata.managedFields);
    }
  });

  it('merges the oldest of more than ten updating managers', () => {
    let live = written(null, object({ data: { k00: '1' } }), { manager: 'u00' });
    for (let i = 1; i <= 10; i++) {
      const name = `u${String(i).padStart(2, '0')}`;
      const data = { ...(live.data as object), [`k${i}`]: '1' };
      live = written(live, { ...live, data }, { manager: name, now: T0 + i * 1000 });
    }
    const managers = live.metadata.managedFields?.map(({ manager }) => manager);
    expect(managers).toEqual(['ancient-changes', 'u02', 'u03', 'u04', 'u05', 'u06', 'u07', 'u08', 'u09', 'u10']);
    expect(fieldsOf(live.metadata.managedFields, 'ancient-changes')).toEqual({
      'f:data': { '.': {}, 'f:k00': {}, 'f:k1': {} },
    });
  });

  it('compares items by key, not by position', () => {
    const items = [
      { name: 'a', value: '1' },
      { name: 'b', value: '2' },
    ];
    const live = written(null, object({ spec: { items } }));
    const entries = track(live, object({ spec: { items: [items[1], { name: 'a', value: 'x' }] } }), { manager: 'm2' });
    expect(fieldsOf(entries, 'm2')).toEqual({ 'f:spec': { 'f:items': { 'k:{"name":"a"}': { 'f:value': {} } } } });
  });
});
