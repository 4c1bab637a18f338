import { describe, expect, it } from 'vitest';
import { createTestCluster } from '../../support/cluster.ts';

const ROLES = '/apis/rbac.authorization.k8s.io/v1/clusterroles';

describe('bootstrap', () => {
  it('makes what every cluster has, once', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    const shard = cluster.options.store.shardOf('namespaces');
    const revision = await shard.revision();
    for (const path of [
      '/api/v1/namespaces/kube-node-lease',
      '/api/v1/namespaces/default/services/kubernetes',
      `${ROLES}/system:node`,
      '/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical',
      '/apis/networking.k8s.io/v1/ipaddresses/10.96.0.1',
      '/apis/apiregistration.k8s.io/v1/apiservices/v1.apps',
    ]) {
      expect((await cluster.send(`GET ${path}`)).status).toBe(200);
    }
    await cluster.server.bootstrap();
    expect(await shard.revision()).toBe(revision);
  });

  it('restores what was deleted and completes what was thinned out, keeping what users added', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    await cluster.send(`DELETE ${ROLES}/system:basic-user`);
    const own = { apiGroups: ['example.com'], resources: ['widgets'], verbs: ['get'] };
    await cluster.send(`PATCH ${ROLES}/system:discovery`, { body: { rules: [own] } });
    await cluster.send(`DELETE ${ROLES}/view`);
    await cluster.server.bootstrap();
    expect((await cluster.send(`GET ${ROLES}/system:basic-user`)).status).toBe(200);
    const { body } = await cluster.send<{ metadata: object; rules: { nonResourceURLs?: string[] }[] }>(
      `GET ${ROLES}/system:discovery`,
    );
    expect(body.rules).toContainEqual(own);
    expect(body.rules.some((rule) => rule.nonResourceURLs?.includes('/api/*'))).toBe(true);
  });

  it('leaves a role alone whose owner said so', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
    await cluster.send(`PATCH ${ROLES}/system:discovery`, { body: { metadata: { annotations }, rules: [] } });
    await cluster.send(`DELETE ${ROLES}/view`);
    await cluster.server.bootstrap();
    const { body } = await cluster.send<{ metadata: object; rules: unknown[] | null }>(`GET ${ROLES}/system:discovery`);
    expect(body.rules ?? []).toEqual([]);
  });

  it('gives way to a second one that runs at the same time', async () => {
    const cluster = await createTestCluster();
    await Promise.all([cluster.server.bootstrap(), cluster.server.bootstrap(), cluster.server.bootstrap()]);
    expect((await cluster.send(`GET ${ROLES}/cluster-admin`)).status).toBe(200);
  });
});
