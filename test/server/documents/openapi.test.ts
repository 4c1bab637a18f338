import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allKinds } from '../../../src/kinds/index.ts';
import type { Kind } from '../../../src/machinery/kind.ts';
import { createOpenApiDocuments } from '../../../src/server/documents/index.ts';

type Operations = Record<
  string,
  { operationId: string; 'x-kubernetes-group-version-kind'?: object; parameters?: { name: string }[] }
>;
type Property = Record<string, unknown> & { allOf?: unknown[]; description?: string };

const sources = (all: () => readonly Kind[]) => ({ all, inVersion: async () => [], async *everywhere() {} });
const documents = createOpenApiDocuments(
  sources(() => allKinds),
  'v1.36.0',
);
const v3 = async (path: string) =>
  JSON.parse((await documents.v3(path)) ?? '{}') as {
    openapi: string;
    paths: Record<string, Operations>;
    components: { schemas: Record<string, { properties: Record<string, Property> } & Record<string, unknown>> };
  };

describe('OpenAPI', () => {
  it('has only references that resolve', async () => {
    for (const text of [await documents.v2(), await documents.v3('apis/apps/v1')]) {
      const document = JSON.parse(text ?? '') as { definitions?: object; components?: { schemas: object } };
      const definitions = document.definitions ?? document.components?.schemas ?? {};
      const names = new Set([...(text ?? '').matchAll(/"\$ref":"#[\w/]+\/([^"]+)"/g)].map((match) => match[1] ?? ''));
      expect([...names].filter((name) => !Object.hasOwn(definitions, name))).toEqual([]);
    }
  });

  it('describes fields, with references beside their texts as version 3 needs it', async () => {
    const { components } = await v3('api/v1');
    const { template } = (await v3('apis/apps/v1')).components.schemas['io.k8s.api.apps.v1.DeploymentSpec']!.properties;
    expect(template?.allOf).toEqual([{ $ref: '#/components/schemas/io.k8s.api.core.v1.PodTemplateSpec' }]);
    expect(components.schemas['io.k8s.api.core.v1.Container']?.properties.image?.description).toContain(
      'Container image name',
    );
    expect(components.schemas['io.k8s.api.core.v1.Container']?.properties.ports).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
      'x-kubernetes-patch-merge-key': 'containerPort',
    });
    expect(components.schemas['io.k8s.api.core.v1.Pod']?.['x-kubernetes-group-version-kind']).toEqual([
      { group: '', version: 'v1', kind: 'Pod' },
    ]);
  });

  it('says which kind a path serves and that a patch takes fieldValidation, as kubectl asks', async () => {
    const { paths } = await v3('apis/apps/v1');
    const patch = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.patch;
    expect(patch?.['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' });
    expect(patch?.parameters?.map((parameter) => parameter.name)).toContain('fieldValidation');
  });

  it('lists each group-version in the index with a hash that follows the kinds', async () => {
    let kinds: readonly Kind[] = allKinds;
    const changing = createOpenApiDocuments(
      sources(() => kinds),
      'v1.36.0',
    );
    const hashOf = async (path: string) =>
      (JSON.parse(await changing.index()) as { paths: Record<string, { serverRelativeURL: string }> }).paths[path]
        ?.serverRelativeURL;
    const widget: Kind = { ...allKinds[0]!, group: 'example.com', version: 'v1', itemsCarryType: true, revision: '1' };
    expect(await hashOf('apis/apps/v1')).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{16}$/);
    expect(await hashOf('apis/example.com/v1')).toBeUndefined();
    kinds = [...allKinds, widget];
    const before = await hashOf('apis/example.com/v1');
    kinds = [...allKinds, { ...widget, revision: '2' }];
    expect(before).toBeDefined();
    expect(await hashOf('apis/example.com/v1')).not.toBe(before);
  });

  it('knows no other path', async () => {
    expect(await documents.v3('apis/apps/v9')).toBeUndefined();
    expect((await v3('apis/apps')).openapi).toBe('3.0.0');
  });
});

const facts = join(
  process.env.KEDGE_SHARED ?? resolve(import.meta.dirname, '../../../../shared'),
  'kubernetes-api/openapi-paths.json',
);

describe.skipIf(!existsSync(facts))('the paths', () => {
  it('carry the operation ids of a real server', async () => {
    const { paths } = JSON.parse(await documents.v2()) as { paths: Record<string, Operations> };
    const recorded = JSON.parse(readFileSync(facts, 'utf8')) as {
      paths: Record<string, Record<string, { id?: string }>>;
    };
    const different: string[] = [];
    for (const [path, item] of Object.entries(recorded.paths)) {
      if (path.includes('/watch/') || path.endsWith('/') || path.endsWith('{path}')) continue;
      for (const [method, { id }] of Object.entries(item)) {
        if (id !== undefined && paths[path]?.[method]?.operationId !== id)
          different.push(`${method} ${path}: ${paths[path]?.[method]?.operationId} is not ${id}`);
      }
    }
    expect(different).toEqual([]);
  });
});
