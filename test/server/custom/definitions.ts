/** Definitions of custom resources for tests. */
import type { CustomResourceDefinition } from '../../../src/kinds/index.ts';
import type { KubeObject } from '../../../src/machinery/meta.ts';
import type { TestCluster } from '../../support/cluster.ts';

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const WIDGETS = '/apis/example.com/v1/namespaces/default/widgets';

type Spec = CustomResourceDefinition['spec'];
type Version = NonNullable<Spec['versions']>[number];

export const openVersion = (name: string, more: Partial<Version> = {}): Version => ({
  ...{ name, served: true, storage: name === 'v1' },
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    } as never,
  },
  ...more,
});

/** A definition of `widgets.example.com`, of one open version unless told otherwise. */
export function definition(more: Partial<Spec> = {}): CustomResourceDefinition {
  const names = { plural: 'widgets', kind: 'Widget', ...more.names };
  const group = more.group ?? 'example.com';
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.${group}` },
    spec: { scope: 'Namespaced', versions: [openVersion('v1')], ...more, group, names },
  };
}

export const widget = (name: string, more: Record<string, unknown> = {}): KubeObject => ({
  ...{ apiVersion: 'example.com/v1', kind: 'Widget' },
  ...more,
  metadata: { name, ...(more.metadata as object | undefined) },
});

export async function define(cluster: TestCluster, body: CustomResourceDefinition): Promise<void> {
  const { status, text } = await cluster.send(`POST ${DEFINITIONS}`, { body });
  if (status !== 201) throw new Error(text);
}

/** The conditions of a definition, as `Type=Status/Reason`. */
export async function conditionsOf(cluster: TestCluster, name = 'widgets.example.com'): Promise<string[]> {
  const { body } = await cluster.send<CustomResourceDefinition & KubeObject>(`GET ${DEFINITIONS}/${name}`);
  return (body.status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status}/${reason}`);
}
