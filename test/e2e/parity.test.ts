/** What a real API server answered, replayed against a cluster of ours; where the recordings are at hand. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalCluster, run, startCluster } from './support/local-cluster.ts';
import { toolPath } from './support/tools.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const parity = join(process.env.KEDGE_SHARED ?? resolve(root, '..', 'shared'), 'parity', 'parity.mjs');
const deviations = join(root, 'test', 'parity-deviations.json');

/** In every area every scenario passes, but for those that `parity-deviations.json` gives a reason for. */
const AREAS = [
  'admission',
  'apply',
  'authn',
  'core',
  'crd',
  'discovery',
  'groups',
  'lists',
  'negotiation',
  'nodes',
  'patch',
  'policy',
  'rbac',
  'verbs',
  'watch',
  'webhook',
  'workloads',
];

describe.skipIf(!existsSync(parity))('parity with kube-apiserver', () => {
  let cluster: LocalCluster;

  beforeAll(async () => {
    cluster = await startCluster(['--api-only']);
  });
  afterAll(() => cluster?.remove());

  it.each(AREAS)('answers alike in the area %s', async (area) => {
    const env = { ...process.env, PATH: `${dirname(toolPath('kubectl'))}:${process.env.PATH}` };
    const words = ['--kubeconfig', cluster.kubeconfig, '--area', area, '--jobs', '8'];
    const listed = existsSync(deviations) ? ['--deviations', deviations] : [];
    const { stdout } = await run(process.execPath, [parity, ...words, ...listed], { env });
    expect(stdout.slice(-4_000)).toMatch(/\d+ passed, 0 failed\s*$/);
  });
});
