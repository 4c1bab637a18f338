import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeList } from '../../src/machinery/meta.ts';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';

const PATH = '/api/v1/namespaces/team/configmaps';
const PODS = '/api/v1/namespaces/team/pods';
let cluster: TestCluster;

beforeEach(async () => {
  cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'team' } } });
  await cluster.send('POST /api/v1/namespaces/team/serviceaccounts', { body: { metadata: { name: 'default' } } });
  await cluster.send(`POST ${PATH}`, { body: { metadata: { name: 'c' } } });
});

async function createPod(bound: boolean): Promise<void> {
  await cluster.send(`POST ${PODS}`, {
    body: { metadata: { name: 'p' }, spec: { containers: [{ name: 'x', image: 'x' }] } },
  });
  if (bound)
    await cluster.send(`POST ${PODS}/p/binding`, { body: { metadata: { name: 'p' }, target: { name: 'node-1' } } });
}

describe('delete', () => {
  it('answers a Status with the uid, and 404 the second time', async () => {
    const { body } = await cluster.send<{ details: object }>(`DELETE ${PATH}/c`);
    expect(body).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'c', kind: 'configmaps' } });
    expect((await cluster.send(`DELETE ${PATH}/c`)).status).toBe(404);
  });

  it('holds to preconditions', async () => {
    const wrong = await cluster.send(`DELETE ${PATH}/c`, { body: { preconditions: { uid: 'other' } } });
    expect(wrong.body).toMatchObject({
      code: 409,
      message: expect.stringContaining('the UID in the precondition (other) does not match'),
    });
    const old = await cluster.send(`DELETE ${PATH}/c`, { body: { preconditions: { resourceVersion: '1' } } });
    expect(old.body).toMatchObject({ code: 409 });
    expect((await cluster.send(`GET ${PATH}/c`)).status).toBe(200);
  });

  it('lets finalizers keep the object until the last is removed', async () => {
    await cluster.send(`PATCH ${PATH}/c`, { body: { metadata: { finalizers: ['example.com/f'] } } });
    const marked = await cluster.send(`DELETE ${PATH}/c`);
    expect(marked.body.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 0,
    });
    cluster.clock.advance(5_000);
    const again = await cluster.send(`DELETE ${PATH}/c`);
    expect(again.body.metadata.resourceVersion).toBe(marked.body.metadata.resourceVersion);
    const freed = await cluster.send(`PATCH ${PATH}/c`, { body: { metadata: { finalizers: null } } });
    expect(freed.status).toBe(200);
    expect(freed.body.metadata.finalizers).toBeUndefined();
    expect((await cluster.send(`GET ${PATH}/c`)).status).toBe(404);
  });

  it.each([
    ['Foreground', ['foregroundDeletion']],
    ['Orphan', ['orphan']],
  ])('with policy %s leaves the object to the garbage collector', async (propagationPolicy, finalizers) => {
    const { body } = await cluster.send(`DELETE ${PATH}/c`, { body: { propagationPolicy } });
    expect(body.metadata.finalizers).toEqual(finalizers);
    expect((await cluster.send(`GET ${PATH}/c`)).body.metadata.deletionTimestamp).toBeDefined();
  });

  it('accepts a deletion in the old way that takes time', async () => {
    await cluster.send(`PATCH ${PATH}/c`, { body: { metadata: { finalizers: ['example.com/f'] } } });
    expect((await cluster.send(`DELETE ${PATH}/c`, { body: { orphanDependents: false } })).status).toBe(202);
  });

  it.each([
    [{ dryRun: 'All' }, 'json: cannot unmarshal string into Go struct field DeleteOptions.dryRun of type []string'],
    [
      { preconditions: 1 },
      'json: cannot unmarshal number into Go struct field DeleteOptions.preconditions of type v1.Preconditions',
    ],
    [
      { orphanDependents: 'x' },
      'json: cannot unmarshal string into Go struct field DeleteOptions.orphanDependents of type bool',
    ],
    [
      { gracePeriodSeconds: 1.5 },
      'json: cannot unmarshal number 1.5 into Go struct field DeleteOptions.gracePeriodSeconds of type int64',
    ],
    [[], expect.stringContaining("couldn't get version/kind; json parse error: json: cannot unmarshal array into Go")],
  ])('refuses the options %j', async (body, message) => {
    expect((await cluster.send(`DELETE ${PATH}/c`, { body })).body).toMatchObject({ code: 400, message });
  });

  it('removes an unscheduled pod at once and gives a scheduled one its time', async () => {
    await createPod(false);
    expect((await cluster.send(`DELETE ${PODS}/p`)).body.metadata.deletionGracePeriodSeconds).toBe(0);
    expect((await cluster.send(`GET ${PODS}/p`)).status).toBe(404);
    await createPod(true);
    const { body } = await cluster.send(`DELETE ${PODS}/p`);
    expect(body.metadata).toMatchObject({
      deletionGracePeriodSeconds: 30,
      deletionTimestamp: '2026-01-01T00:00:30Z',
      generation: 2,
    });
    const shorter = await cluster.send(`DELETE ${PODS}/p`, { body: { gracePeriodSeconds: 10 } });
    expect(shorter.body.metadata).toMatchObject({
      deletionGracePeriodSeconds: 10,
      deletionTimestamp: '2026-01-01T00:00:10Z',
    });
    const longer = await cluster.send(`DELETE ${PODS}/p`, { body: { gracePeriodSeconds: 60 } });
    expect(longer.body.metadata.deletionGracePeriodSeconds).toBe(10);
    await cluster.send(`DELETE ${PODS}/p`, { body: { gracePeriodSeconds: 0 } });
    expect((await cluster.send(`GET ${PODS}/p`)).status).toBe(404);
  });

  it('keeps everything on a dry run', async () => {
    expect((await cluster.send(`DELETE ${PATH}/c?dryRun=All`)).status).toBe(200);
    expect((await cluster.send(`GET ${PATH}/c`)).body.metadata.deletionTimestamp).toBeUndefined();
  });

  it('names what a precondition is about as its handler does', async () => {
    const body = { preconditions: { uid: 'x' } };
    expect((await cluster.send('DELETE /api/v1/namespaces/team', { body })).body).toMatchObject({
      message: expect.stringMatching(/^Operation cannot be fulfilled on namespaces "team": Precondition failed: UID/),
    });
    const path = '/apis/events.k8s.io/v1/namespaces/team/events';
    const event = { reportingController: 'c', reportingInstance: 'i', action: 'a', reason: 'r', type: 'Normal' };
    const regarding = { kind: 'Pod', namespace: 'team', name: 'p' };
    const made = await cluster.send(`POST ${path}`, {
      body: { ...event, metadata: { name: 'e' }, eventTime: '2026-01-01T00:00:00.000000Z', regarding },
    });
    expect(made.status).toBe(201);
    expect((await cluster.send(`DELETE ${path}/e`, { body })).body).toMatchObject({
      message: expect.stringMatching(/^Operation cannot be fulfilled on Event "e": the UID in the precondition/),
    });
  });

  it('of a namespace marks it first and removes it when its finalizers are gone', async () => {
    const marked = await cluster.send('DELETE /api/v1/namespaces/team');
    expect(marked.body).toMatchObject({ status: { phase: 'Terminating' }, spec: { finalizers: ['kubernetes'] } });
    await cluster.send('PUT /api/v1/namespaces/team/finalize', {
      body: { metadata: { name: 'team' }, spec: { finalizers: [] } },
    });
    expect((await cluster.send('GET /api/v1/namespaces/team')).status).toBe(404);
  });

  it('of a namespace leaves it to the garbage collector too', async () => {
    const { body } = await cluster.send('DELETE /api/v1/namespaces/team', { body: { propagationPolicy: 'Orphan' } });
    expect(body.metadata.finalizers).toEqual(['orphan']);
  });
});

describe('deletecollection', () => {
  it('deletes what the selector takes and answers it', async () => {
    await cluster.send(`POST ${PATH}`, { body: { metadata: { name: 'd', labels: { x: 'y' } } } });
    const { body } = await cluster.send<KubeList>(`DELETE ${PATH}?labelSelector=x%3Dy`);
    expect(body.kind).toBe('ConfigMapList');
    expect(body.items.map(({ metadata }) => metadata.name)).toEqual(['d']);
    expect((await cluster.send(`GET ${PATH}/c`)).status).toBe(200);
    expect((await cluster.send(`GET ${PATH}/d`)).status).toBe(404);
  });

  it('says what becomes of the pods of jobs', async () => {
    const { headers } = await cluster.send('DELETE /apis/batch/v1/namespaces/team/jobs');
    expect(headers.get('warning')).toContain('child pods are preserved by default');
  });

  it('is not there across namespaces', async () => {
    expect((await cluster.send('DELETE /api/v1/configmaps')).status).toBe(405);
  });
});
