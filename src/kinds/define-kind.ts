import { formatAge } from '../machinery/age.ts';
import type { Column, GeneratedNames, Kind, Strategy, SubresourceDefinition } from '../machinery/kind.ts';
import { groupResource, type KubeObject } from '../machinery/meta.ts';
import { columnDescription } from './column-descriptions.ts';
import { kindFacts } from './generated/facts.ts';
import type { KindFacts } from './kind-facts.ts';
import { metadataChecksOf } from './metadata-checks.ts';
import { objectSchema } from './schema.ts';
import { composeStatusStrategy, composeStrategy } from './strategy.ts';

/** What a definition adds by hand to the facts of its kind. */
export interface KindBehaviour<T extends KubeObject> {
  cached?: boolean;
  storedAs?: string;
  storageVersion?: string;
  fromStorage?(object: KubeObject): T;
  toStorage?(object: T): KubeObject;
  defaults?(object: T): void;
  /** On top of what every kind with a status does: it starts empty and only its subresource changes it. */
  strategy?: Strategy<T>;
  /** On top of what every status update does: all but status and metadata stay as they are. */
  statusStrategy?: Strategy<T>;
  warningOnDelete?: string;
  /** Its objects define other kinds. */
  definesKinds?: boolean;
  /** Writes of it change which groups and versions there are. */
  definesApis?: boolean;
  /** Changes an object that its first deletion marks and does not remove. */
  markDeleted?(object: T, now: number): void;
  /** A handler of its own deletes its objects. */
  ownDeletion?: boolean;
  /** Its objects own none: no policy holds their deletion. */
  ownsNothing?: boolean;
  generatedNames?: GeneratedNames;
  /** Clients may set the status on create (nodes). */
  statusOnCreate?: boolean;
  /** Strategies and scale paths of subresources other than status, by name. */
  subresources?: Readonly<Record<string, Pick<SubresourceDefinition, 'strategy' | 'scale'>>>;
  fieldsOf?(object: T): Record<string, string>;
  claimsOf?(object: T): string[];
  indexedFields?: readonly string[];
  storedFields?: Readonly<Record<string, string>>;
  carriers?: readonly string[];
  completeEmpty?(object: T): void;
  rowConditions?(object: T): readonly object[];
  /** Cells of a Table row; without it: the name, and the age or creation time. */
  cells?(object: T, now: number): unknown[];
}

export type KindId = keyof typeof kindFacts;

/**
 * One built-in kind: the facts of the release under `id`, plus the behaviour that only code can state.
 *
 *     export const secrets = defineKind<Secret>('core/v1/secrets', { defaults: setSecretDefaults });
 */
export function defineKind<T extends KubeObject>(id: KindId, behaviour: KindBehaviour<T>): Kind<T> {
  const facts: KindFacts = kindFacts[id];
  const { subresources, cells, fieldsOf, statusStrategy, statusOnCreate, strategy, ...rest } = behaviour;
  delete rest.markDeleted;
  delete rest.ownDeletion;
  delete rest.ownsNothing;
  const hasStatus = facts.subresources.some((sub) => sub.name === 'status');
  const writesStatus = hasStatus ? composeStatusStrategy(statusStrategy) : undefined;
  const apiVersion = facts.group === '' ? facts.version : `${facts.group}/${facts.version}`;
  const kind: Kind<T> = {
    group: facts.group,
    version: facts.version,
    kind: facts.kind,
    resource: facts.resource,
    namespaced: facts.namespaced,
    listKind: facts.listKind,
    singular: facts.singular,
    shortNames: facts.shortNames,
    categories: facts.categories,
    verbs: facts.verbs,
    subresources: facts.subresources.map((sub) => defineSubresource(sub, subresources?.[sub.name], writesStatus)),
    preferredVersion: facts.preferredVersion,
    get schema() {
      return objectSchema(facts.type);
    },
    storedAs: groupResource(facts.group, facts.resource),
    stored: facts.stored,
    storageVersion: apiVersion,
    ...(facts.storageVersionHash === undefined ? {} : { storageVersionHash: facts.storageVersionHash }),
    metadataChecks: metadataChecksOf(id),
    nameRule: facts.nameRule,
    ...(facts.nameMaxLength === undefined ? {} : { nameMaxLength: facts.nameMaxLength }),
    generation: {
      onCreate: facts.generation[0],
      onSpecChange: facts.generation[1],
      onMetadataChange: facts.generation[2],
    },
    allowCreateOnUpdate: facts.createOnUpdate,
    allowUnconditionalUpdate: facts.unconditionalUpdate,
    delete: {
      ...facts.delete,
      ...(behaviour.markDeleted ? { mark: (object, now) => behaviour.markDeleted?.(object as T, now) } : {}),
      ...(behaviour.ownDeletion ? { ownHandler: true } : {}),
      ...(behaviour.ownsNothing ? { ownsNothing: true } : {}),
    },
    cached: false,
    strategy: hasStatus ? composeStrategy(() => objectSchema(facts.type), strategy, statusOnCreate) : (strategy ?? {}),
    ...(writesStatus ? { statusStrategy: writesStatus } : {}),
    selectableFields: facts.fieldSelectors,
    indexedFields: [],
    columns: facts.columns.map((column, index) => ({
      ...column,
      description: columnDescription(id, index, column.name),
    })),
    cells: cells ?? plainCells(facts.columns),
    ...(fieldsOf ? { fieldsOf } : {}),
  };
  // The schema stays a lazy getter, so the behaviour is laid over it and not spread into a copy.
  return Object.assign(kind, rest);
}

function defineSubresource(
  facts: KindFacts['subresources'][number],
  behaviour: Pick<SubresourceDefinition, 'strategy' | 'scale'> | undefined,
  statusStrategy: Strategy | undefined,
): SubresourceDefinition {
  const groupVersion = facts.ref.slice(0, facts.ref.lastIndexOf('.'));
  const slash = groupVersion.indexOf('/');
  const group = groupVersion.slice(0, slash);
  return {
    name: facts.name,
    kind: facts.kind,
    group: group === 'core' ? '' : group,
    version: groupVersion.slice(slash + 1),
    verbs: facts.verbs,
    ...(facts.name === 'status' && statusStrategy ? { strategy: statusStrategy } : {}),
    ...(facts.name === 'scale' ? { scale: SCALE } : {}),
    ...behaviour,
  };
}

const SCALE = { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas', labelSelector: '.spec.selector' };

/** Cells of kinds that have no printer of their own: Name, and Age or Created At. */
/** How a time that was never set is written. */
const ZERO_TIME = '0001-01-01T00:00:00Z';

function plainCells(columns: readonly Column[]): (object: KubeObject, now: number) => unknown[] {
  return (object, now) =>
    columns.map((column) => {
      if (column.name === 'Name') return object.metadata.name ?? '';
      if (column.type === 'date') return object.metadata.creationTimestamp ?? ZERO_TIME;
      return column.name === 'Age' ? formatAge(object.metadata.creationTimestamp, now) : '';
    });
}
