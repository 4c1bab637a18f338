/**
 * What the server keeps in memory of every CustomResourceDefinition: all that routing, discovery and the naming of
 * other definitions need, without schemas and columns. Stored beside the definition, by the same transactions.
 */
import type { ScalePaths } from '../../machinery/structural/index.ts';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionVersion,
} from '../generated/types/apiextensions-v1.ts';

/** The storage resource of the records. It has no kind, so no client sees them. */
export const DEFINITION_RECORDS = 'definition-records.kedge.internal';

export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export interface VersionRecord {
  name: string;
  served: boolean;
  /** What every request for a deprecated version is told. */
  deprecationWarning?: string;
  status: boolean;
  scale?: ScalePaths;
}

export interface DefinitionRecord {
  metadata: { name: string; uid: string; resourceVersion?: string };
  generation: number;
  group: string;
  namespaced: boolean;
  /** The names that were accepted; empty ones were not. */
  names: CustomResourceDefinitionNames;
  /** In the order of the definition. */
  versions: VersionRecord[];
  storageVersion: string;
  /** Of every version in discovery: base64 of the start of a digest. */
  storageVersionHash: string;
  established: boolean;
  /** Requests are answered: names were accepted once, or are now. */
  reachable: boolean;
  /** Nothing may be created any more. */
  terminating: boolean;
  /** What the definition asks for is not what its status says, or it waits for its objects to be deleted. */
  unsettled: boolean;
}

/** The record of a definition. `digest` is the storageVersionHash. */
export function recordOf(definition: CustomResourceDefinition, digest: string): DefinitionRecord {
  const { metadata, spec, status } = definition;
  const versions = spec.versions ?? [];
  const terminating = metadata.deletionTimestamp !== undefined || conditionIs(definition, 'Terminating');
  const established = conditionIs(definition, 'Established');
  return {
    metadata: { name: metadata.name ?? '', uid: metadata.uid ?? '' },
    generation: metadata.generation ?? 0,
    group: spec.group,
    namespaced: spec.scope === 'Namespaced',
    names: status?.acceptedNames ?? { plural: '', kind: '' },
    versions: versions.map((version) => versionRecord(definition, version)),
    storageVersion: storageVersionOf(definition),
    storageVersionHash: digest,
    established,
    reachable: established || conditionIs(definition, 'NamesAccepted'),
    terminating,
    unsettled: isUnsettled(definition),
  };
}

function versionRecord(definition: CustomResourceDefinition, version: CustomResourceDefinitionVersion): VersionRecord {
  const { status, scale } = version.subresources ?? {};
  return {
    name: version.name,
    served: version.served,
    ...(version.deprecated ? { deprecationWarning: deprecationWarning(definition, version) } : {}),
    status: status !== undefined && status !== null,
    ...(scale ? { scale } : {}),
  };
}

export function storageVersionOf({ spec }: CustomResourceDefinition): string {
  return spec.versions?.find((version) => version.storage)?.name ?? '';
}

export function conditionIs({ status }: CustomResourceDefinition, type: string): boolean {
  return status?.conditions?.find((condition) => condition.type === type)?.status === 'True';
}

/** Whether the controllers of definitions have something to do that they have not done. */
function isUnsettled(definition: CustomResourceDefinition): boolean {
  const { metadata, spec, status } = definition;
  if (metadata.deletionTimestamp !== undefined) return metadata.finalizers?.includes(CLEANUP_FINALIZER) === true;
  if (!conditionIs(definition, 'NamesAccepted') || !conditionIs(definition, 'Established')) return true;
  return !sameNames(spec.names, status?.acceptedNames);
}

/** Equality of names as upstream's Semantic.DeepEqual has it: absent lists are empty ones. */
export function sameNames(a: CustomResourceDefinitionNames, b: CustomResourceDefinitionNames | undefined): boolean {
  if (b === undefined) return false;
  const text = (names: CustomResourceDefinitionNames): string =>
    JSON.stringify([
      names.plural,
      names.singular ?? '',
      names.kind,
      names.listKind ?? '',
      names.shortNames ?? [],
      names.categories ?? [],
    ]);
  return text(a) === text(b);
}

/** Upstream: apiserver/customresource_handler.go defaultDeprecationWarning. */
function deprecationWarning({ spec }: CustomResourceDefinition, version: CustomResourceDefinitionVersion): string {
  if (version.deprecationWarning !== undefined && version.deprecationWarning !== null)
    return version.deprecationWarning;
  const better = (spec.versions ?? [])
    .filter(({ name, served, deprecated }) => served && !deprecated && compareVersions(version.name, name) > 0)
    .map(({ name }) => name)
    .sort(compareVersions);
  const text = `${spec.group}/${version.name} ${spec.names.kind} is deprecated`;
  return better.length === 0 ? text : `${text}; use ${spec.group}/${better[0]} ${spec.names.kind}`;
}

const KUBE_VERSION = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/;
const STAGES: Record<string, number> = { alpha: 0, beta: 1 };

/**
 * Order of versions, the most preferred first: GA before beta before alpha, then higher numbers, then names that are no
 * such versions by the alphabet. Upstream: apimachinery/pkg/version CompareKubeAwareVersionStrings.
 */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  const left = KUBE_VERSION.exec(a);
  const right = KUBE_VERSION.exec(b);
  if (!left && !right) return a < b ? -1 : 1;
  if (!left || !right) return left ? -1 : 1;
  const stage = (match: RegExpExecArray): number => STAGES[match[2] ?? ''] ?? 2;
  return stage(right) - stage(left) || Number(right[1]) - Number(left[1]) || Number(right[3]) - Number(left[3]);
}
