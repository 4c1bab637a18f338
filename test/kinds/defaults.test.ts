import { describe, expect, it } from 'vitest';
import { createKindRegistry } from '../../src/kinds/index.ts';
import { decodeObject } from '../../src/machinery/fields/index.ts';
import type { Kind } from '../../src/machinery/kind.ts';
import type { JsonObject, KubeObject } from '../../src/machinery/meta.ts';
import { strategyContext } from '../support/strategy-context.ts';
import { type DefaultsPair, haveFacts, readFacts } from './release-facts.ts';

const registry = createKindRegistry();
const NOW = Date.parse('2026-01-01T00:00:00Z');
const UID = '6a0b2c1e-0000-4000-8000-000000000001';

const context = strategyContext({
  now: NOW,
  user: { name: 'admin', uid: 'admin-uid', groups: ['system:masters', 'system:authenticated'] },
  namespace: 'types-facts',
  uuid: () => UID,
});

/** What the server does to a new object, without admission and allocation. */
export function create(kind: Kind, input: KubeObject): KubeObject {
  const { object } = decodeObject(kind.schema, structuredClone(input));
  kind.defaults?.(object);
  if (kind.namespaced) object.metadata.namespace ??= 'types-facts';
  object.metadata.uid = UID;
  if (kind.generation.onCreate > 0) object.metadata.generation = kind.generation.onCreate;
  kind.strategy.prepareForCreate?.(object, context);
  kind.strategy.canonicalize?.(object);
  return JSON.parse(JSON.stringify(object)) as KubeObject;
}

/** Fields that admission plugins and allocators fill, by kind; they are left out of the comparison. */
const ADMITTED: Record<string, string[]> = {
  Pod: ['spec.tolerations', 'spec.serviceAccount', 'spec.serviceAccountName', 'spec.priority', 'spec.preemptionPolicy'],
  Node: ['spec.taints'],
  PersistentVolume: ['metadata.finalizers'],
  PersistentVolumeClaim: ['metadata.finalizers'],
  VolumeAttributesClass: ['metadata.finalizers'],
  Service: ['spec.clusterIP', 'spec.clusterIPs', 'spec.ipFamilies', 'spec.ipFamilyPolicy', 'spec.healthCheckNodePort'],
};

function comparable(object: KubeObject): JsonObject {
  const copy = JSON.parse(
    JSON.stringify(object).replaceAll('<time>', '2026-01-01T00:00:00Z').replaceAll('<uid>', UID),
  ) as KubeObject;
  delete copy.metadata.uid;
  for (const path of ADMITTED[copy.kind ?? ''] ?? []) {
    const [parent = '', field = ''] = path.split('.');
    delete (copy[parent] as JsonObject | undefined)?.[field];
  }
  const spec = copy.spec as
    | { volumes?: { name: string }[]; containers?: Mounted[]; initContainers?: Mounted[]; ports?: JsonObject[] }
    | undefined;
  if (copy.kind === 'Pod' && spec) {
    const rest = spec.volumes?.filter((volume) => !volume.name.startsWith('kube-api-access'));
    spec.volumes = rest?.length ? rest : undefined;
    for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) delete container.volumeMounts;
  }
  for (const port of copy.kind === 'Service' ? (spec?.ports ?? []) : []) delete port.nodePort;
  return copy as JsonObject;
}

interface Mounted {
  volumeMounts?: unknown;
}

describe.skipIf(!haveFacts)('a new object of', () => {
  const pairs = haveFacts ? readFacts<Record<string, DefaultsPair[]>>('defaults.json') : {};
  for (const [id, list] of Object.entries(pairs)) {
    const [group = '', version = '', resource = '', subresource] = id.split('/');
    const kind = registry.byResource(group === 'core' ? '' : group, version, resource);
    if (!kind?.stored || subresource !== undefined) continue;
    it(`${id} gets upstream's defaults`, () => {
      for (const pair of list) expect(comparable(create(kind, pair.in))).toEqual(comparable(pair.out));
    });
  }
});
