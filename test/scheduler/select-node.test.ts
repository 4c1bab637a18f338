import { describe, expect, it } from 'vitest';
import type { Node, Pod } from '../../src/kinds/index.ts';
import { defaultPlugins } from '../../src/scheduler/index.ts';
import { enoughNodes, selectNode } from '../../src/scheduler/select-node.ts';
import { podInfoOf, Snapshot } from '../../src/scheduler/snapshot.ts';

function node(name: string, more: Partial<Node['spec']> = {}, labels: Record<string, string> = {}): Node {
  return {
    metadata: { name, labels },
    spec: more,
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '10' } },
  } as Node;
}

function pod(name: string, spec: Record<string, unknown> = {}): Pod {
  return {
    metadata: { name, namespace: 'default', uid: name },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  } as unknown as Pod;
}

const asking = (name: string, requests: Record<string, string>, more: Record<string, unknown> = {}) =>
  pod(name, { containers: [{ name: 'c', image: 'i', resources: { requests } }], ...more });

function select(target: Pod, nodes: Node[], placed: [Pod, string][] = []) {
  const snapshot = new Snapshot();
  for (const item of nodes) snapshot.setNode(item);
  for (const [other, where] of placed) snapshot.place(podInfoOf(other), where);
  return selectNode(podInfoOf(target), snapshot.nodes, { plugins: defaultPlugins, pick: () => 0 });
}

describe('selectNode', () => {
  it('says so when there are no nodes', () => {
    expect(select(pod('a'), [])).toMatchObject({ message: 'no nodes available to schedule pods' });
  });

  it('counts the reasons of all nodes, sorted', () => {
    const nodes = [
      node('a', { unschedulable: true }),
      node('b', { taints: [{ key: 'k', effect: 'NoSchedule' }] }),
      node('c'),
      node('d'),
    ];
    const result = select(asking('p', { cpu: '5', memory: '9Gi' }), nodes);
    expect(result).toMatchObject({
      message:
        '0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 2 Insufficient cpu, 2 Insufficient memory.',
    });
  });

  it('prefers the emptier node', () => {
    const result = select(
      asking('p', { cpu: '1' }),
      [node('a'), node('b')],
      [[asking('x', { cpu: '2', memory: '4Gi' }), 'a']],
    );
    expect(result).toMatchObject({ node: { name: 'b' } });
  });

  it('takes the larger of init containers and containers, with sidecars in both', () => {
    const target = pod('p', {
      containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }],
      initContainers: [
        { name: 's', image: 'i', restartPolicy: 'Always', resources: { requests: { cpu: '500m' } } },
        { name: 'i', image: 'i', resources: { requests: { cpu: '3' } } },
      ],
    });
    expect(podInfoOf(target).requests.get('cpu')).toBe(3500);
  });

  it('holds a host port once per node, whatever the address', () => {
    const ports = (ip?: string) =>
      pod(`p${ip}`, {
        containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 80, hostIP: ip }] }],
      });
    expect(select(ports('10.0.0.1'), [node('a')], [[ports(), 'a']])).toMatchObject({
      message: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    });
    expect(select(ports('10.0.0.1'), [node('a')], [[ports('10.0.0.2'), 'a']])).toMatchObject({ node: { name: 'a' } });
  });

  it('matches node affinity terms as alternatives and follows preferences', () => {
    const affinity = (terms: unknown, preferred: unknown = []) => ({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms },
          preferredDuringSchedulingIgnoredDuringExecution: preferred,
        },
      },
    });
    const nodes = [node('a', {}, { zone: '1' }), node('b', {}, { zone: '2' }), node('c', {}, { zone: '3' })];
    const terms = [
      { matchExpressions: [{ key: 'zone', operator: 'In', values: ['2'] }] },
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['c'] }] },
    ];
    const preferC = [
      { weight: 10, preference: { matchExpressions: [{ key: 'zone', operator: 'Gt', values: ['2'] }] } },
    ];
    expect(select(pod('p', affinity(terms, preferC)), nodes)).toMatchObject({ node: { name: 'c' } });
    expect(select(pod('p', affinity([{}])), nodes)).toMatchObject({
      message: "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
    });
  });

  it('lets tolerations pass taints by key, value and effect', () => {
    const tainted = node('a', { taints: [{ key: 'k', value: 'v', effect: 'NoExecute' }] });
    const tolerating = (toleration: object) => pod('p', { tolerations: [toleration] });
    expect(select(tolerating({ key: 'k', operator: 'Equal', value: 'v' }), [tainted])).toMatchObject({
      node: { name: 'a' },
    });
    expect(select(tolerating({ operator: 'Exists' }), [tainted])).toMatchObject({ node: { name: 'a' } });
    expect(select(tolerating({ key: 'k', value: 'w' }), [tainted])).not.toHaveProperty('node');
    expect(select(tolerating({ key: 'k', operator: 'Exists', effect: 'NoSchedule' }), [tainted])).not.toHaveProperty(
      'node',
    );
  });

  it('keeps counting a pod whose node comes later', () => {
    const snapshot = new Snapshot();
    snapshot.place(podInfoOf(asking('x', { cpu: '4' })), 'late');
    snapshot.setNode(node('late'));
    expect(snapshot.node('late')?.requested.get('cpu')).toBe(4000);
    snapshot.removeNode('late');
    snapshot.setNode(node('late'));
    expect(snapshot.node('late')?.requested.get('cpu')).toBe(4000);
    snapshot.remove('default/x');
    expect(snapshot.node('late')?.requested.get('cpu')).toBe(0);
  });

  it('leaves out nodes that an affinity by name does not name, as upstream calls it', () => {
    const byName = (values: string[]) => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values }] });
    const bound = (...terms: object[]) =>
      pod('p', {
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
      });
    const nodes = [node('a'), node('b'), node('full', { unschedulable: true })];
    expect(select(bound(byName(['b'])), nodes)).toMatchObject({ node: { name: 'b' } });
    expect(select(bound(byName(['full'])), nodes)).toMatchObject({
      message:
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
    });
    const both = [...byName(['a']).matchFields, ...byName(['b']).matchFields];
    expect(select(bound({ matchFields: both }), nodes)).toMatchObject({
      message: expect.stringContaining('2 pod affinity terms conflict'),
    });
  });

  it('looks at a share of a large cluster only, and at all of it before it gives up', () => {
    expect([5, 100, 1_000, 5_000, 20_000].map(enoughNodes)).toEqual([5, 100, 420, 500, 1_000]);
    const nodes = Array.from({ length: 300 }, (_, i) => node(`n${i}`, { unschedulable: i !== 7 }));
    expect(select(pod('p'), nodes)).toMatchObject({ node: { name: 'n7' } });
    expect(select(asking('q', { cpu: '9' }), nodes)).toMatchObject({
      message: '0/300 nodes are available: 1 Insufficient cpu, 299 node(s) were unschedulable.',
    });
  });
});
