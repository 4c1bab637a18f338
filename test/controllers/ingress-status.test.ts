import { beforeEach, describe, expect, it } from 'vitest';
import { ingressStatusController, planIngressStatus } from '../../src/controllers/ingress-status/index.ts';
import { type Ingress, type IngressClass, ingressClasses, ingresses } from '../../src/kinds/index.ts';
import { type ControlledCluster, createControlledCluster } from './controlled-cluster.ts';

const ingress = (name: string, host?: string, className?: string): Ingress & { kind: string } => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { namespace: 'default', name },
  spec: {
    ...(className ? { ingressClassName: className } : {}),
    defaultBackend: { service: { name: 'web', port: { number: 80 } } },
    ...(host ? { rules: [{ host }] } : {}),
  },
});

const classOf = (name: string, controller: string, isDefault = false) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'IngressClass',
  metadata: {
    name,
    ...(isDefault ? { annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } } : {}),
  },
  spec: { controller },
});

describe('the controller of Ingress statuses', () => {
  let cluster: ControlledCluster;

  beforeEach(async () => {
    cluster = await createControlledCluster({ controllers: () => [ingressStatusController] });
  });

  const classes = async () =>
    (await cluster.admin.list<IngressClass>(ingressClasses)).items.map(({ metadata, spec }) =>
      [metadata.name, spec.controller, ...Object.values(metadata.annotations ?? {})].join(' '),
    );
  const addresses = async (name: string) =>
    (await cluster.admin.get<Ingress>(ingresses, { namespace: 'default', name })).status?.loadBalancer?.ingress;

  it('makes the default class in a new cluster, and again when it is deleted', async () => {
    await cluster.settle();
    expect(await classes()).toEqual(['kedge kedge.dev/edge true']);
    await cluster.admin.delete(ingressClasses, { name: 'kedge' });
    await cluster.settle();
    expect(await classes()).toEqual(['kedge kedge.dev/edge true']);
  });

  it('leaves the choice of a default to the cluster, and makes no second class', async () => {
    await cluster.admin.create(ingressClasses, classOf('nginx', 'k8s.io/ingress-nginx', true));
    await cluster.settle();
    expect(await classes()).toEqual(['kedge kedge.dev/edge', 'nginx k8s.io/ingress-nginx true']);
    await cluster.admin.create(ingressClasses, classOf('public', 'kedge.dev/edge'));
    await cluster.admin.delete(ingressClasses, { name: 'kedge' });
    await cluster.settle();
    expect(await classes()).toEqual(['nginx k8s.io/ingress-nginx true', 'public kedge.dev/edge']);
  });

  it('fills the status of Ingresses that the edge serves, once', async () => {
    await cluster.settle();
    await cluster.admin.create(ingresses, ingress('web', 'web.test'));
    await cluster.admin.create(ingresses, ingress('other', 'other.test', 'nginx'));
    await cluster.settle();
    expect(await addresses('web')).toEqual([{ hostname: 'web.test' }]);
    expect(await addresses('other')).toBeUndefined();
    cluster.writes();
    await cluster.host().enqueue('ingress-status-controller', 'default/web');
    await cluster.settle();
    expect(cluster.writes()).toEqual([]);
  });

  it('takes its address back when the Ingress goes to another class', async () => {
    await cluster.settle();
    const made = await cluster.admin.create(ingresses, ingress('web', 'web.test'));
    await cluster.settle();
    expect(await addresses('web')).toEqual([{ hostname: 'web.test' }]);
    const current = await cluster.admin.get<Ingress>(ingresses, { namespace: 'default', name: 'web' });
    await cluster.admin.update(ingresses, {
      ...current,
      kind: made.kind,
      spec: { ...made.spec, ingressClassName: 'x' },
    });
    await cluster.settle();
    expect(await addresses('web')).toBeUndefined();
  });
});

describe('the plan of a status', () => {
  const written = (input: Parameters<typeof planIngressStatus>[0]) =>
    planIngressStatus(input).steps.flatMap(({ writes }) =>
      writes.map(({ object }) => (object as Ingress).status?.loadBalancer?.ingress),
    );

  it('names the address of the edge, or each host that is one name', () => {
    const rules = ['a.test', '*.b.test', 'a.test'].map((host) => ({ host }));
    const many = { ...ingress('web'), spec: { rules } };
    expect(written({ ingress: many, classes: [] })).toEqual([[{ hostname: 'a.test' }]]);
    expect(written({ ingress: many, classes: [], edgeAddress: '127.0.0.1' })).toEqual([[{ ip: '127.0.0.1' }]]);
    expect(written({ ingress: many, classes: [], edgeAddress: '::1' })).toEqual([[{ ip: '::1' }]]);
    expect(written({ ingress: many, classes: [], edgeAddress: 'edge.test' })).toEqual([[{ hostname: 'edge.test' }]]);
    expect(written({ ingress: ingress('bare'), classes: [] })).toEqual([]);
  });

  it('leaves what another controller wrote', () => {
    const theirs = {
      ...ingress('web', 'web.test', 'nginx'),
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
    };
    expect(written({ ingress: theirs, classes: [] })).toEqual([]);
  });
});
