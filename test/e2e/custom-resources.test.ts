/** Custom resources as people meet them: defined, explained, written, shown, scaled and taken away by kubectl. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalCluster, startCluster } from './support/local-cluster.ts';

const BACKUPS = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: backups.storage.example.com }
spec:
  group: storage.example.com
  scope: Namespaced
  names: { plural: backups, kind: Backup, shortNames: [bk], categories: [all] }
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: { specReplicasPath: .spec.copies, statusReplicasPath: .status.copies }
    additionalPrinterColumns:
    - { name: Schedule, type: string, jsonPath: .spec.schedule }
    - { name: Copies, type: integer, jsonPath: .spec.copies }
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [schedule]
            properties:
              schedule: { type: string, description: When backups are made. }
              copies: { type: integer, default: 1, minimum: 1 }
          status: { type: object, properties: { copies: { type: integer } } }
`;

const NIGHTLY = `apiVersion: storage.example.com/v1
kind: Backup
metadata: { name: nightly }
spec: { schedule: "0 3 * * *" }
`;

describe('kubectl and custom resources', () => {
  let cluster: LocalCluster;
  const kubectl = (line: string, input?: string) => cluster.kubectl(line, input);
  const fails = (line: string, input?: string) => cluster.kubectlFails(line, input);

  beforeAll(async () => {
    cluster = await startCluster(['--api-only']);
  });
  afterAll(() => cluster?.remove());

  it('takes definitions and objects of them in one file', async () => {
    await kubectl('apply --server-side -f -', BACKUPS);
    await kubectl('wait --for condition=established --timeout 5s crd/backups.storage.example.com');
    expect(await kubectl('apply -f -', NIGHTLY)).toBe('backup.storage.example.com/nightly created\n');
    expect(await kubectl('get bk --no-headers')).toMatch(/^nightly\s+0 3 \* \* \*\s+1\n$/);
    expect(await kubectl('get all -o name')).toContain('backup.storage.example.com/nightly');
  });

  it('shows them in discovery and explains their fields', async () => {
    expect(await kubectl('api-resources --api-group storage.example.com --no-headers')).toMatch(
      /^backups\s+bk\s+storage\.example\.com\/v1\s+true\s+Backup\n$/,
    );
    expect(await kubectl('explain backup.spec.schedule')).toContain('When backups are made.');
  });

  it('refuses what the schema does not allow, before and after it was stored', async () => {
    expect(await fails('apply -f -', NIGHTLY.replace('schedule', 'scedule'))).toContain('unknown field "spec.scedule"');
    const patch = JSON.stringify({ spec: { copies: 0 } });
    expect(await fails(`patch backup nightly --type merge -p ${patch}`)).toContain(
      'should be greater than or equal to 1',
    );
    expect(await fails('patch backup nightly -p {}')).toMatch(/strategic|unknown format/);
  });

  it('scales, and keeps who wrote what', async () => {
    await kubectl('scale backup nightly --replicas 3');
    expect(await kubectl("get backup nightly -o 'jsonpath={.spec.copies}/{.metadata.generation}'")).toBe('3/2');
    await kubectl(
      'apply --server-side -f - --field-manager one',
      NIGHTLY.replace('0 3', '0 4').replace('nightly', 'own'),
    );
    expect(
      await fails(
        'apply --server-side -f - --field-manager two',
        NIGHTLY.replace('0 3', '0 5').replace('nightly', 'own'),
      ),
    ).toContain('conflict with "one": .spec.schedule');
  });

  it('takes the objects away with their definition', async () => {
    await kubectl('delete crd backups.storage.example.com --timeout 10s');
    expect(await fails('get backups')).toMatch(/the server (doesn't have a resource type|could not find)/);
    await kubectl('apply -f -', BACKUPS);
    expect(await kubectl('get backups')).toBe('');
  });
});
