import { describe, expect, it } from 'vitest';
import { type Pod, pods } from '../../src/kinds/index.ts';
import { decodeObject } from '../../src/machinery/fields/index.ts';
import type { Strategy } from '../../src/machinery/kind.ts';
import type { FieldError } from '../../src/machinery/status.ts';
import { strategyContext } from '../support/strategy-context.ts';

const context = strategyContext();

function pod(spec: object = {}): Pod {
  const { object } = decodeObject<Pod>(pods.schema, {
    metadata: { name: 'p', namespace: 'n' },
    spec: { containers: [{ name: 'c', image: 'i:1' }], ...structuredClone(spec) },
  });
  pods.defaults?.(object);
  pods.strategy.prepareForCreate?.(object, context);
  return object;
}

const lines = (errors: FieldError[] | undefined): string[] =>
  (errors ?? []).map((error) => `${error.field}: ${error.message.trim()}`);
const strategyOf = (name: string): Strategy => pods.subresources.find((sub) => sub.name === name)?.strategy ?? {};

describe('a pod', () => {
  it('gets its class of service from what its containers ask for', () => {
    const classOf = (resources: object): string | undefined =>
      pod({ containers: [{ name: 'c', image: 'i', resources }] }).status?.qosClass;
    expect(classOf({})).toBe('BestEffort');
    expect(classOf({ limits: { cpu: '1', memory: '1Gi' } })).toBe('Guaranteed');
    expect(classOf({ requests: { cpu: '1' } })).toBe('Burstable');
  });

  it('reports every wrong field at once', () => {
    const bad = pod({
      restartPolicy: 'X',
      containers: [
        { name: 'C_', image: '', ports: [{ containerPort: 0 }], volumeMounts: [{ name: 'v', mountPath: '/v' }] },
      ],
    });
    expect(lines(pods.strategy.validateCreate?.(bad, context)).map((line) => line.split(':')[0])).toEqual([
      'spec.containers[0].name',
      'spec.containers[0].image',
      'spec.containers[0].ports[0].containerPort',
      'spec.containers[0].volumeMounts[0].name',
      'spec.restartPolicy',
    ]);
  });

  it('changes only its images, deadline and tolerations once it is there', () => {
    const change = (spec: object): string[] => lines(pods.strategy.validateUpdate?.(pod(spec), pod(), context));
    expect(change({ containers: [{ name: 'c', image: 'i:2' }] })).toEqual([]);
    expect(change({ tolerations: [{ key: 'k', operator: 'Exists' }], activeDeadlineSeconds: 5 })).toEqual([]);
    expect(change({ nodeName: 'n' })[0]).toContain('spec: Forbidden: pod updates may not change fields other than');
    expect(change({ containers: [] })).toContain(
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    );
  });

  it('takes ephemeral containers through their subresource, and nothing else', () => {
    const old = pod();
    const changed = pod({ nodeName: 'n', ephemeralContainers: [{ name: 'd', image: 'i' }] });
    const strategy = strategyOf('ephemeralcontainers');
    strategy.prepareForUpdate?.(changed, old, context);
    expect(changed.spec.nodeName).toBeUndefined();
    expect(changed.spec.ephemeralContainers?.map((container) => container.name)).toEqual(['d']);
    expect(lines(strategy.validateUpdate?.(changed, old, context))).toEqual([]);
    expect(lines(strategy.validateUpdate?.(pod(), changed, context))).toEqual([
      'spec.ephemeralContainers: Forbidden: existing ephemeral containers "d" may not be removed',
    ]);
  });

  it('takes resources through resize, and nothing else', () => {
    const changed = pod({ containers: [{ name: 'c', image: 'other', resources: { limits: { cpu: '2' } } }] });
    strategyOf('resize').prepareForUpdate?.(changed, pod(), context);
    expect(changed.spec.containers?.[0]).toMatchObject({ image: 'i:1', resources: { limits: { cpu: '2' } } });
  });
});
