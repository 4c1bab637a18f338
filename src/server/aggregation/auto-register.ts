/**
 * API services of the group-versions that definitions of custom resources serve.
 * Upstream: kube-aggregator/pkg/controllers/autoregister, pkg/controlplane/controller/crdregistration.
 */
import { type APIService, apiServices, DEFINITION_RECORDS, type DefinitionRecord } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import type { ConfigSnapshot } from '../contract.ts';
import { definitionIndexOf } from '../custom/definition-index.ts';
import type { ServerParts } from '../scope.ts';
import { LOCAL } from './availability.ts';
import { createService, removeService, updateSpec } from './stored-service.ts';

const AUTOMANAGED = 'kube-aggregator.kubernetes.io/automanaged';
const GROUP_PRIORITY = 1000;
const VERSION_PRIORITY = 100;

/** Groups whose API services are not those of their definitions: a crash or an earlier release left them so. */
export function unregisteredGroups(config: ConfigSnapshot): readonly string[] {
  return config.derive('unregistered-groups', [DEFINITION_RECORDS, apiServices.storedAs], (snapshot) => {
    const wanted = new Map<string, string>();
    for (const { group, versions } of snapshot.list<DefinitionRecord>(DEFINITION_RECORDS))
      for (const { name, served } of versions) if (served) wanted.set(`${name}.${group}`, group);
    const odd = new Set<string>();
    for (const service of snapshot.list<APIService>(apiServices.storedAs)) {
      const name = service.metadata.name ?? '';
      if (!wanted.delete(name) && isAutomanaged(service)) odd.add(service.spec.group ?? '');
    }
    return [...new Set([...odd, ...wanted.values()])];
  });
}

/** Makes the API services of a group those of its definitions; what others wrote is left alone. */
export async function registerGroup(parts: ServerParts, group: string): Promise<void> {
  const config = await parts.config.fresh();
  const wanted = new Set(
    definitionIndexOf(config)
      .inGroup(group)
      .flatMap(({ versions }) => versions.filter(({ served }) => served).map(({ name }) => name)),
  );
  const present = config.list<APIService>(apiServices.storedAs).filter(({ spec }) => spec.group === group);
  for (const version of wanted) {
    const spec = { group, version, groupPriorityMinimum: GROUP_PRIORITY, versionPriority: VERSION_PRIORITY };
    const known = present.find((service) => service.spec.version === version);
    if (!known) await createService(parts, serviceOf(spec, parts.options.clock.now()));
    else if (isAutomanaged(known) && !hasSpec(known, spec)) await updateSpec(parts, known.metadata.name ?? '', spec);
  }
  for (const service of present) {
    const { name = '', uid = '' } = service.metadata;
    if (!wanted.has(service.spec.version ?? '') && isAutomanaged(service)) await removeService(parts, name, uid);
  }
}

/** Those that are made at the start of a server are of built-in groups. */
const isAutomanaged = ({ metadata }: APIService): boolean => metadata.labels?.[AUTOMANAGED] === 'true';

const hasSpec = ({ spec }: APIService, wanted: APIService['spec']): boolean =>
  spec.service === undefined &&
  spec.groupPriorityMinimum === wanted.groupPriorityMinimum &&
  spec.versionPriority === wanted.versionPriority;

function serviceOf(spec: APIService['spec'], now: number): APIService {
  const lastTransitionTime = apiTime(now);
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `${spec.version}.${spec.group}`, labels: { [AUTOMANAGED]: 'true' } },
    spec,
    status: { conditions: [{ type: 'Available', ...LOCAL, lastTransitionTime }] },
  } as APIService;
}
