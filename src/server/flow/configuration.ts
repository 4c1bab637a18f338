/** Flow schemas and priority levels as requests are matched with them. Upstream: util/flowcontrol/apf_controller.go. */
import type { FlowSchema, PriorityLevelConfiguration } from '../../kinds/index.ts';
import { mandatoryLevels, mandatorySchemas } from '../../kinds/index.ts';
import type { ConfigSnapshot, UserInfo } from '../contract.ts';
import type { RequestInfo } from '../request-info.ts';
import { matchesSchema } from './match.ts';
import type { QueueSetShape } from './queue-set.ts';

const SCHEMAS = 'flowschemas.flowcontrol.apiserver.k8s.io';
const LEVELS = 'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io';
/** Kinds of requests of one user. */
const MAX_KNOWN = 512;

export interface LevelShape extends QueueSetShape {
  name: string;
  uid: string;
  exempt: boolean;
  shares: number;
  lendablePercent: number;
  /** Undefined: no limit of its own. */
  borrowingPercent: number | undefined;
}

export interface Classification {
  schema: string;
  schemaUid: string;
  level: LevelShape;
  /** What tells the flows of the schema apart. */
  distinguisher: 'ByUser' | 'ByNamespace' | '';
}

/** All of it, as of one state of the objects. */
export class FlowConfiguration {
  readonly levels: ReadonlyMap<string, LevelShape>;
  readonly #schemas: readonly FlowSchema[];
  /** By user and what is asked; a user of a remembered token is one value. */
  readonly #known = new WeakMap<UserInfo, Map<string, Classification>>();

  constructor(schemas: readonly FlowSchema[], levels: readonly PriorityLevelConfiguration[]) {
    const shapes = [...levels, ...missing(mandatoryLevels, levels)].flatMap((level) => shapeOf(level) ?? []);
    this.levels = new Map(shapes.map((shape) => [shape.name, shape]));
    const usable = [...schemas, ...missing(mandatorySchemas, schemas)].filter(({ spec }) =>
      this.levels.has(spec.priorityLevelConfiguration.name),
    );
    this.#schemas = usable.sort(byPrecedence);
  }

  /** The schema of a request: the first that matches, in order of precedence and name. */
  classify(user: UserInfo, info: RequestInfo): Classification {
    const subject = info.isResource
      ? `${info.group}/${info.resource}/${info.subresource}\n${info.namespace}`
      : info.path;
    let known = this.#known.get(user);
    if (!known) {
      known = new Map();
      this.#known.set(user, known);
    }
    const key = `${info.verb} ${subject}`;
    let found = known.get(key);
    if (!found) {
      if (known.size >= MAX_KNOWN) known.clear();
      found = this.#find(user, info);
      known.set(key, found);
    }
    return found;
  }

  #find(user: UserInfo, info: RequestInfo): Classification {
    const matching =
      this.#schemas.find((schema) => matchesSchema(schema, user, info)) ??
      this.#schemas.find(({ metadata }) => metadata.name === 'catch-all');
    const { metadata, spec } = matching as FlowSchema;
    const level = this.levels.get(spec.priorityLevelConfiguration.name) as LevelShape;
    const distinguisher = (spec.distinguisherMethod?.type ?? '') as Classification['distinguisher'];
    return { schema: metadata.name ?? '', schemaUid: metadata.uid ?? '', level, distinguisher };
  }
}

/** The configuration of a snapshot, computed when one of its objects has changed. */
export function flowConfiguration(snapshot: ConfigSnapshot): FlowConfiguration {
  return snapshot.derive('flow-control', [SCHEMAS, LEVELS], compute);
}

const compute = (snapshot: ConfigSnapshot): FlowConfiguration =>
  new FlowConfiguration(snapshot.list<FlowSchema>(SCHEMAS), snapshot.list<PriorityLevelConfiguration>(LEVELS));

/** Mandatory objects that are not there right now are imagined. */
function missing<T extends { metadata: { name?: string }; spec: unknown }>(
  mandatory: Readonly<Record<string, T['spec']>>,
  present: readonly T[],
): T[] {
  const names = new Set(present.map(({ metadata }) => metadata.name));
  return Object.entries(mandatory)
    .filter(([name]) => !names.has(name))
    .map(([name, spec]) => ({ metadata: { name }, spec }) as T);
}

function byPrecedence(a: FlowSchema, b: FlowSchema): number {
  const order = (a.spec.matchingPrecedence ?? 1_000) - (b.spec.matchingPrecedence ?? 1_000);
  return order === 0 ? ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1) : order;
}

/** Undefined for an object that contradicts itself, which is as good as absent. */
function shapeOf({ metadata, spec }: PriorityLevelConfiguration): LevelShape | undefined {
  const common = { name: metadata.name ?? '', uid: metadata.uid ?? '' };
  const exempt = spec.type === 'Exempt';
  if (exempt !== (common.name === 'exempt')) return undefined;
  if (exempt) {
    const { nominalConcurrencyShares: shares = 0, lendablePercent = 0 } = spec.exempt ?? {};
    const none = { queues: -1, queueLength: 0, handSize: 0, borrowingPercent: undefined };
    return { ...common, exempt, shares, lendablePercent, ...none };
  }
  const { limited } = spec;
  if (!limited) return undefined;
  const queuing = limited.limitResponse?.type === 'Queue' ? limited.limitResponse.queuing : undefined;
  return {
    ...{ ...common, exempt },
    shares: limited.nominalConcurrencyShares ?? 30,
    lendablePercent: limited.lendablePercent ?? 0,
    borrowingPercent: limited.borrowingLimitPercent,
    queues: queuing?.queues ?? 0,
    queueLength: queuing?.queueLengthLimit ?? 0,
    handSize: queuing?.handSize ?? 0,
  };
}
