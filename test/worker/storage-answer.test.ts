import { describe, expect, it } from 'vitest';
import type { Env } from '../../src/worker/env.ts';
import { answerInStorage, shardOfWrite, TRACKED_HEADER } from '../../src/worker/storage-answer.ts';

describe('shardOfWrite', () => {
  it.each([
    ['POST', '/api/v1/namespaces', 'main'],
    ['PUT', '/api/v1/namespaces/default/finalize', 'main'],
    ['POST', '/api/v1/namespaces/default/pods', 'main'],
    ['POST', '/api/v1/namespaces/default/pods/a/binding', 'main'],
    ['PATCH', '/apis/apps/v1/namespaces/default/deployments/a/status', 'main'],
    ['DELETE', '/apis/rbac.authorization.k8s.io/v1/clusterroles/a', 'main'],
    ['POST', '/api/v1/namespaces/default/events', 'events'],
    ['PUT', '/apis/events.k8s.io/v1/namespaces/default/events/a', 'events'],
    ['PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/a', 'leases'],
  ])('has %s %s answered in shard %s', (method, path, shard) => {
    expect(shardOfWrite(method, path)).toBe(shard);
  });

  it.each([
    ['GET', '/api/v1/namespaces/default/pods'],
    ['HEAD', '/api/v1/namespaces/default/pods/a'],
    ['OPTIONS', '/api/v1/namespaces/default/pods'],
    ['POST', '/api/v1/namespaces/default/pods/a/exec'],
    ['POST', '/api/v1/namespaces/default/pods/a/proxy/upload'],
    ['PUT', '/api/v1/nodes/n/proxy/x'],
    ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'],
    ['POST', '/apis/authentication.k8s.io/v1/tokenreviews'],
    ['POST', '/kedge/v1/join'],
    ['POST', '/api/v1'],
    ['POST', '/apis'],
    ['POST', '/version'],
  ])('leaves %s %s to the Worker', (method, path) => {
    expect(shardOfWrite(method, path)).toBeUndefined();
  });
});

describe('answerInStorage', () => {
  const request = new Request('https://api/api/v1/namespaces', { method: 'POST', body: '{}' });
  const shard = { cluster: 'default', name: 'main' };
  const answer = (fetch: () => Promise<Response>, observe = (_: number): void => undefined) => {
    const env = { STORAGE: { idFromName: (name: string) => name, get: () => ({ fetch }) } } as unknown as Env;
    return answerInStorage(env, shard, { server: { observe } as never, request });
  };

  it('tells the server of the isolate what the answer shows to have changed', async () => {
    const seen: number[] = [];
    const response = async () => new Response('{}', { status: 201, headers: { [TRACKED_HEADER]: '12' } });
    expect((await answer(response, (tracked) => seen.push(tracked))).status).toBe(201);
    expect(seen).toEqual([12]);
  });

  it.each([
    [{ overloaded: true, retryable: true }, 429],
    [{ retryable: true }, 503],
    [{}, 500],
  ])('answers an object that fails with %j by a Status of %d', async (properties, code) => {
    const response = await answer(async () => {
      throw Object.assign(new Error('gone'), properties);
    });
    expect(response.status).toBe(code);
    expect(response.headers.get('retry-after')).toBe(code === 500 ? null : '1');
    expect(await response.json()).toMatchObject({ kind: 'Status', status: 'Failure', code });
  });
});
