/** The operations of a kind's paths, in the forms of OpenAPI 2 and 3. */
import { schemaOfKind } from '../../kinds/index.ts';
import type { Kind, SubresourceDefinition } from '../../machinery/kind.ts';
import { apiVersionOf } from '../../machinery/meta.ts';
import { addCustomDefinitions, customDefinitionName } from './openapi-custom.ts';
import type { DefinitionWriter, OpenApiObject } from './openapi-definitions.ts';

const OBJECT_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const WATCH_TYPES = [
  ...OBJECT_TYPES,
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf;stream=watch',
];
const PATCH_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];

/** Custom resources have no protobuf form and take no strategic patches. */
const CUSTOM_TYPES = ['application/json', 'application/yaml'];
const customBodyTypes = ({ action }: OperationInput): readonly string[] =>
  action === 'patch' ? PATCH_TYPES.filter((type) => !type.includes('strategic')) : CUSTOM_TYPES;

type ParameterType = 'boolean' | 'integer' | 'string';

const WRITE = { dryRun: 'string', fieldManager: 'string', fieldValidation: 'string' } as const;
const LIST = {
  allowWatchBookmarks: 'boolean',
  continue: 'string',
  fieldSelector: 'string',
  labelSelector: 'string',
  limit: 'integer',
  resourceVersion: 'string',
  resourceVersionMatch: 'string',
  sendInitialEvents: 'boolean',
  timeoutSeconds: 'integer',
  watch: 'boolean',
} as const;
const DELETE = {
  dryRun: 'string',
  gracePeriodSeconds: 'integer',
  orphanDependents: 'boolean',
  propagationPolicy: 'string',
} as const;

interface Target {
  kind: Kind;
  sub?: SubresourceDefinition;
  /** References to the definitions of the body, of a list of it, and of the shared types. */
  body: OpenApiObject;
}

interface OperationInput {
  action: string;
  id: string;
  about: string;
  query?: Readonly<Record<string, ParameterType>>;
  body?: { schema: OpenApiObject; types: readonly string[]; required: boolean };
  result: OpenApiObject;
  codes: readonly [code: string, text: string][];
  types?: readonly string[];
}

const METHODS: Readonly<Record<string, string>> = {
  get: 'get',
  create: 'post',
  update: 'put',
  patch: 'patch',
  delete: 'delete',
};

const OK: [string, string] = ['200', 'OK'];
const CREATED: [string, string] = ['201', 'Created'];
const ACCEPTED: [string, string] = ['202', 'Accepted'];

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `AppsV1`: what operation ids carry between verb and kind. */
function idPart(kind: Kind): string {
  return `${kind.group === '' ? 'Core' : capital(camel(kind.group))}${capital(kind.version)}`;
}

/** Writes paths; `version` is the OpenAPI version. */
export class PathWriter {
  readonly paths: Record<string, OpenApiObject> = {};
  readonly #version: 2 | 3;
  readonly #writer: DefinitionWriter;

  constructor(version: 2 | 3, writer: DefinitionWriter) {
    this.#version = version;
    this.#writer = writer;
  }

  /** Adds the paths of a kind. */
  add(kind: Kind): void {
    const custom = kind.itemsCarryType ? addCustomDefinitions(this.#writer, this.#version, kind) : undefined;
    const body = custom?.body ?? this.#writer.reference(kind.schema);
    const base = `${kind.group === '' ? '/api' : '/apis'}/${apiVersionOf(kind.group, kind.version)}`;
    const collection = `${base}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.resource}`;
    this.#collection(collection, { kind, body });
    if (kind.namespaced && kind.verbs.includes('list')) {
      this.paths[`${base}/${kind.resource}`] = this.#item([], { get: this.#list({ kind, body }, 'ForAllNamespaces') });
    }
    if (kind.verbs.includes('get')) this.#object(`${collection}/{name}`, { kind, body });
    for (const sub of kind.subresources) this.#subresource(`${collection}/{name}/${sub.name}`, { kind, sub, body });
  }

  #collection(path: string, target: Target): void {
    const { kind, body } = target;
    const suffix = `${kind.namespaced ? 'Namespaced' : ''}${kind.kind}`;
    const operations: Record<string, OpenApiObject> = {};
    if (kind.verbs.includes('list')) operations.get = this.#list(target, '');
    if (kind.verbs.includes('create')) {
      operations.post = this.#operation(target, {
        action: 'post',
        id: `create${idPart(kind)}${suffix}`,
        about: `create ${article(kind.kind)}`,
        query: WRITE,
        body: { schema: body, types: ['*/*'], required: true },
        result: body,
        codes: [OK, CREATED, ACCEPTED],
      });
    }
    if (kind.verbs.includes('deletecollection')) {
      operations.delete = this.#operation(target, {
        action: 'deletecollection',
        id: `delete${idPart(kind)}Collection${suffix}`,
        about: `delete collection of ${kind.kind}`,
        query: { ...DELETE, ...LIST },
        body: { schema: this.#shared('DeleteOptions'), types: ['*/*'], required: false },
        result: this.#shared('Status'),
        codes: [OK],
      });
    }
    this.paths[path] = this.#item(kind.namespaced ? ['namespace'] : [], operations);
  }

  #list(target: Target, scope: '' | 'ForAllNamespaces'): OpenApiObject {
    const { kind } = target;
    const middle = scope === '' && kind.namespaced ? 'Namespaced' : '';
    return this.#operation(target, {
      action: 'list',
      id: `list${idPart(kind)}${middle}${kind.kind}${scope}`,
      about: `list or watch objects of kind ${kind.kind}`,
      query: LIST,
      result: this.#listReference(target),
      codes: [OK],
      types: WATCH_TYPES,
    });
  }

  #object(path: string, target: Target): void {
    const { kind, body } = target;
    const suffix = `${idPart(kind)}${kind.namespaced ? 'Namespaced' : ''}${kind.kind}`;
    const deleted = kind.delete.returns === 'object' ? body : this.#shared('Status');
    const operations = this.#readAndWrite(target, { suffix, about: `the specified ${kind.kind}`, verbs: kind.verbs });
    if (kind.verbs.includes('delete')) {
      operations.delete = this.#operation(target, {
        action: 'delete',
        id: `delete${suffix}`,
        about: `delete ${article(kind.kind)}`,
        query: DELETE,
        body: { schema: this.#shared('DeleteOptions'), types: ['*/*'], required: false },
        result: deleted,
        codes: [OK, ACCEPTED],
      });
    }
    this.paths[path] = this.#item(kind.namespaced ? ['name', 'namespace'] : ['name'], operations);
  }

  #subresource(path: string, { kind, sub, body }: Target & { sub: SubresourceDefinition }): void {
    if (sub.kind.endsWith('Options')) {
      this.paths[path] = this.#item(
        kind.namespaced ? ['name', 'namespace'] : ['name'],
        this.#connect({ kind, sub, body }),
      );
      return;
    }
    const schema = schemaOfKind(sub.group ?? kind.group, sub.version ?? kind.version, sub.kind);
    const own = sub.kind === kind.kind || schema === undefined ? body : this.#writer.reference(schema);
    const target: Target = { kind, sub, body: own };
    const suffix = `${idPart(kind)}${kind.namespaced ? 'Namespaced' : ''}${kind.kind}${sub.name.split('.').map(capital).join('')}`;
    const operations = this.#readAndWrite(target, {
      suffix,
      about: `${sub.name} of the specified ${kind.kind}`,
      verbs: sub.verbs,
    });
    if (sub.verbs.includes('create')) {
      operations.post = this.#operation(target, {
        action: 'post',
        id: `create${suffix}`,
        about: `create ${sub.name} of ${article(kind.kind)}`,
        query: WRITE,
        body: { schema: own, types: ['*/*'], required: true },
        result: own,
        codes: [OK, CREATED, ACCEPTED],
      });
    }
    this.paths[path] = this.#item(kind.namespaced ? ['name', 'namespace'] : ['name'], operations);
  }

  /** A subresource whose body is a stream; its kind holds the query parameters. */
  #connect(target: Target & { sub: SubresourceDefinition }): Record<string, OpenApiObject> {
    const { kind, sub } = target;
    const operations: Record<string, OpenApiObject> = {};
    const methods = sub.verbs.map((verb) => METHODS[verb] ?? verb);
    for (const method of sub.name === 'proxy' ? [...methods, 'head', 'options'] : methods) {
      operations[method] = this.#operation(target, {
        action: 'connect',
        id: `connect${idPart(kind)}${capital(method)}${kind.namespaced ? 'Namespaced' : ''}${kind.kind}${capital(sub.name)}`,
        about: `connect ${method.toUpperCase()} requests to ${sub.name} of ${kind.kind}`,
        result: { type: 'string' },
        codes: [OK],
        types: ['*/*'],
      });
    }
    return operations;
  }

  #readAndWrite(
    target: Target,
    { suffix, about, verbs }: { suffix: string; about: string; verbs: readonly string[] },
  ): Record<string, OpenApiObject> {
    const { body } = target;
    const out: Record<string, OpenApiObject> = {};
    if (verbs.includes('get'))
      out.get = this.#operation(target, {
        action: 'get',
        id: `read${suffix}`,
        about: `read ${about}`,
        result: body,
        codes: [OK],
      });
    if (verbs.includes('update')) {
      const written = { schema: body, types: ['*/*'], required: true };
      out.put = this.#operation(target, {
        action: 'put',
        id: `replace${suffix}`,
        about: `replace ${about}`,
        query: WRITE,
        body: written,
        result: body,
        codes: [OK, CREATED],
      });
    }
    if (verbs.includes('patch')) {
      const written = { schema: this.#shared('Patch'), types: PATCH_TYPES, required: true };
      const query = { ...WRITE, force: 'boolean' } as const;
      out.patch = this.#operation(target, {
        action: 'patch',
        id: `patch${suffix}`,
        about: `partially update ${about}`,
        query,
        body: written,
        result: body,
        codes: [OK, CREATED],
      });
    }
    return out;
  }

  #shared(name: string): OpenApiObject {
    const schema = schemaOfKind('meta', 'v1', name);
    if (schema !== undefined) return this.#writer.reference(schema);
    return this.#writer.add(`io.k8s.apimachinery.pkg.apis.meta.v1.${name}`, { type: 'object' });
  }

  #listReference({ kind, body }: Target): OpenApiObject {
    if (kind.itemsCarryType) return this.#writer.refer(customDefinitionName(kind, kind.listKind));
    const schema = schemaOfKind(kind.group, kind.version, kind.listKind);
    if (schema !== undefined) return this.#writer.reference(schema);
    const name = `${refName(body)}List`;
    return this.#writer.add(name, {
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: this.#shared('ListMeta'),
        items: { type: 'array', items: body },
      },
      'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: kind.listKind }],
    });
  }

  #item(pathParameters: readonly string[], operations: Record<string, OpenApiObject>): OpenApiObject {
    const parameters = pathParameters.map((name) => ({ name, in: 'path', required: true, ...this.#typed('string') }));
    return { ...operations, parameters: [...parameters, { name: 'pretty', in: 'query', ...this.#typed('string') }] };
  }

  #typed(type: ParameterType): OpenApiObject {
    return this.#version === 2 ? { type, uniqueItems: true } : { schema: { type, uniqueItems: true } };
  }

  #operation({ kind, sub }: Target, input: OperationInput): OpenApiObject {
    const custom = kind.itemsCarryType === true;
    const { result, types = custom ? CUSTOM_TYPES : OBJECT_TYPES } = input;
    const body = custom && input.body ? { ...input.body, types: customBodyTypes(input) } : input.body;
    const query = Object.entries(input.query ?? {}).map(([name, type]) => ({
      name,
      in: 'query',
      ...this.#typed(type),
    }));
    const codes: [string, OpenApiObject][] = input.codes.map(([code, description]) => [
      code,
      { description, ...this.#content(result, types) },
    ]);
    const responses = { ...Object.fromEntries(codes), '401': { description: 'Unauthorized' } };
    const bodyParameter =
      body && this.#version === 2
        ? [{ name: 'body', in: 'body', ...(body.required ? { required: true } : {}), schema: body.schema }]
        : [];
    return {
      tags: [`${kind.group === '' ? 'core' : camel(kind.group)}_${kind.version}`],
      description: input.about,
      operationId: input.id,
      parameters: [...bodyParameter, ...query],
      ...(body && this.#version === 3
        ? { requestBody: { ...(body.required ? { required: true } : {}), content: contentOf(body.schema, body.types) } }
        : {}),
      ...(this.#version === 2 ? { schemes: ['https'], consumes: body?.types ?? ['*/*'], produces: types } : {}),
      responses,
      'x-kubernetes-action': input.action,
      'x-kubernetes-group-version-kind': {
        group: sub?.group ?? kind.group,
        version: sub?.version ?? kind.version,
        kind: sub?.kind ?? kind.kind,
      },
    };
  }

  #content(schema: OpenApiObject, types: readonly string[]): OpenApiObject {
    return this.#version === 2 ? { schema } : { content: contentOf(schema, types) };
  }
}

const contentOf = (schema: OpenApiObject, types: readonly string[]): OpenApiObject =>
  Object.fromEntries(types.map((type) => [type, { schema }]));

const refName = (reference: OpenApiObject): string => String(reference.$ref).replace(/^.*\//, '');

const article = (noun: string): string => `${/^[AEIOU]/.test(noun) ? 'an' : 'a'} ${noun}`;

/** `rbac.authorization.k8s.io` → `rbacAuthorization`. */
const camel = (group: string): string =>
  group
    .replace(/\.k8s\.io$/, '')
    .split('.')
    .map((part, index) => (index === 0 ? part : capital(part)))
    .join('');
