/** Finds the types of the kinds that a policy names. Upstream: policy/validating/typechecking.go typesToCheck. */
import type { Client } from '../../client/client.ts';
import { allKinds, objectSchema, type ValidatingAdmissionPolicy } from '../../kinds/index.ts';
import { type CelType, celTypeOfSchema, objectOf, type TypedSchema } from '../../machinery/cel/index.ts';
import type { KindType } from './plan.ts';
import { typeOfObject } from './schema-types.ts';

/** So many kinds of one rule are checked. */
const MAX_KINDS = 10;

interface ResourceName {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** The resources that the rules name outright, without wildcards and subresources, sorted within each rule. */
function namedResources({ spec }: ValidatingAdmissionPolicy): ResourceName[][] {
  return (spec.matchConstraints?.resourceRules ?? []).map(({ apiGroups = [], apiVersions = [], resources = [] }) => {
    if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) return [];
    const plain = resources.filter((name) => !/[*/]/.test(name)).sort();
    return [...apiGroups]
      .sort()
      .flatMap((group) =>
        [...apiVersions].sort().flatMap((version) => plain.map((resource) => ({ group, version, resource }))),
      );
  });
}

/** The kinds behind the rules of a policy, with their types. */
export async function typesToCheck(policy: ValidatingAdmissionPolicy, source: KindTypes): Promise<KindType[]> {
  const found = new Map<string, KindType>();
  for (const names of namedResources(policy)) {
    let count = 0;
    for (const name of names) {
      const type = count < MAX_KINDS ? await source.ofResource(name) : undefined;
      if (!type) continue;
      count++;
      found.set(`${type.group} ${type.version} ${type.kind}`, type);
    }
    if (count === MAX_KINDS) break;
  }
  return [...found.keys()].sort().map((key) => found.get(key) as KindType);
}

interface OpenApi {
  components?: { schemas?: Record<string, TypedSchema & { 'x-kubernetes-group-version-kind'?: KindType[] }> };
}

interface Resources {
  resources?: { name: string; kind: string }[];
}

/** Types by the names of kinds, the built-in ones and those that the API publishes. Asks for each document once. */
export class KindTypes {
  readonly #client: Client;
  readonly #documents = new Map<string, Promise<unknown>>();

  constructor(client: Client) {
    this.#client = client;
  }

  async ofResource({ group, version, resource }: ResourceName): Promise<KindType | undefined> {
    const builtIn = allKinds.find(
      (kind) => kind.group === group && kind.version === version && kind.resource === resource,
    );
    if (builtIn) return { group, version, kind: builtIn.kind, type: typeOfObject(builtIn.schema, builtIn.kind) };
    if (!group.includes('.')) return undefined;
    const list = await this.#document<Resources>(`/apis/${group}/${version}`);
    const kind = list?.resources?.find(({ name }) => name === resource)?.kind;
    return kind === undefined ? undefined : this.#published({ group, version, kind });
  }

  /** The type of a kind named by apiVersion and kind. */
  async ofKind(apiVersion: string, name: string): Promise<CelType | undefined> {
    const [version = '', group = ''] = apiVersion.split('/').reverse();
    const builtIn = allKinds.find((kind) => kind.group === group && kind.version === version && kind.kind === name);
    if (builtIn) return typeOfObject(builtIn.schema, name);
    return group.includes('.') ? (await this.#published({ group, version, kind: name }))?.type : undefined;
  }

  async #published({ group, version, kind }: Omit<KindType, 'type'>): Promise<KindType | undefined> {
    const document = await this.#document<OpenApi>(`/openapi/v3/apis/${group}/${version}`);
    const schema = Object.values(document?.components?.schemas ?? {}).find((candidate) =>
      candidate['x-kubernetes-group-version-kind']?.some(
        (gvk) => gvk.group === group && gvk.version === version && gvk.kind === kind,
      ),
    );
    const type = schema && celTypeOfSchema(schema, { name: kind, resource: true });
    return type && { group, version, kind, type: withMetadata(type, kind) };
  }

  #document<T>(path: string): Promise<T | undefined> {
    let document = this.#documents.get(path);
    if (!document) {
      document = this.#client.fetch(path).then((response) => (response.ok ? response.json() : undefined));
      this.#documents.set(path, document);
    }
    return document as Promise<T | undefined>;
  }
}

/** A custom resource has the metadata of every object. */
function withMetadata(type: CelType, kind: string): CelType {
  const metadata = typeOfObject(objectSchema('meta/v1.ObjectMeta'), `${kind}.metadata`);
  return objectOf(kind, () => [
    ...[...(type.fields?.().values() ?? [])].filter(({ name }) => name !== 'metadata'),
    { name: 'metadata', key: 'metadata', type: metadata },
  ]);
}
