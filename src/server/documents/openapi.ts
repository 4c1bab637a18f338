/** The OpenAPI documents as texts, built when they are asked for and kept until the kinds change. */
import { typesText } from '../../kinds/index.ts';
import type { Kind } from '../../machinery/kind.ts';
import { apiVersionOf } from '../../machinery/meta.ts';
import { DefinitionWriter, type Descriptions, type OpenApiObject } from './openapi-definitions.ts';
import { PathWriter } from './openapi-paths.ts';

export interface OpenApiDocuments {
  /** `/openapi/v2`, as JSON. */
  v2(): Promise<string>;
  /** `/openapi/v3`: where the documents are, each with a hash that changes with it. */
  index(): Promise<string>;
  /** `/openapi/v3/PATH` (`api/v1`, `apis/apps/v1`); undefined where there is none. */
  v3(path: string): Promise<string | undefined>;
}

interface Cache {
  kinds: readonly Kind[];
  texts: Map<string, string>;
}

/** `kinds` is asked each time; as long as it gives the same list, texts are kept. `version` goes into `info`. */
export function createOpenApiDocuments(kinds: () => readonly Kind[], version: string): OpenApiDocuments {
  let cache: Cache | undefined;
  // Texts are kept and not promises: in workerd the promise of another request dies with that request.
  const kept = async (
    name: string,
    build: (kinds: readonly Kind[]) => Promise<string | undefined>,
  ): Promise<string | undefined> => {
    const now = kinds();
    if (cache?.kinds !== now) cache = { kinds: now, texts: new Map() };
    const { texts } = cache;
    const known = texts.get(name);
    if (known !== undefined) return known;
    const text = await build(now);
    if (text !== undefined) texts.set(name, text);
    return text;
  };
  return {
    v2: async () => (await kept('v2', (all) => buildV2(all, version))) ?? '',
    index: async () =>
      (await kept('index', (all) =>
        buildIndex(all, (path) => kept(`v3/${path}`, () => buildV3(all, path, version))),
      )) ?? '',
    v3: (path) => kept(`v3/${path}`, (all) => buildV3(all, path, version)),
  };
}

async function loadDescriptions(): Promise<Descriptions> {
  const { descriptions } = await import('./generated/descriptions.ts');
  return JSON.parse(descriptions) as Descriptions;
}

const pathOf = (group: string, version: string): string =>
  `${group === '' ? 'api' : 'apis'}/${apiVersionOf(group, version)}`;

/** `com.example.v1.Widget`, as upstream names the definitions of custom resources. */
function definitionName(kind: Kind): string {
  return kind.schema.openapi ?? [...kind.group.split('.').reverse(), kind.version, kind.kind].join('.');
}

async function buildV2(kinds: readonly Kind[], version: string): Promise<string> {
  const writer = new DefinitionWriter(2, await loadDescriptions());
  const paths = new PathWriter(2, writer);
  for (const kind of kinds) paths.add(kind, definitionName(kind));
  const { definitions } = writer;
  return JSON.stringify({
    swagger: '2.0',
    info: { title: 'Kubernetes', version },
    paths: paths.paths,
    definitions,
    securityDefinitions: {
      BearerToken: { description: 'Bearer Token authentication', type: 'apiKey', name: 'authorization', in: 'header' },
    },
    security: [{ BearerToken: [] }],
  });
}

async function buildV3(kinds: readonly Kind[], path: string, version: string): Promise<string | undefined> {
  const own = kinds.filter((kind) => pathOf(kind.group, kind.version) === path);
  if (own.length === 0)
    return GENERAL.has(path) || kinds.some((kind) => kind.group !== '' && `apis/${kind.group}` === path)
      ? documentV3({}, {}, version)
      : undefined;
  const writer = new DefinitionWriter(3, await loadDescriptions());
  const paths = new PathWriter(3, writer);
  for (const kind of own) paths.add(kind, definitionName(kind));
  return documentV3(paths.paths, writer.definitions, version);
}

function documentV3(paths: OpenApiObject, schemas: OpenApiObject, version: string): string {
  return JSON.stringify({
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version },
    paths,
    components: {
      schemas,
      securitySchemes: {
        BearerToken: {
          type: 'apiKey',
          description: 'Bearer Token authentication',
          name: 'authorization',
          in: 'header',
        },
      },
    },
  });
}

/** Documents of paths that belong to no group-version. */
const GENERAL = new Set(['api', 'apis', 'version', '.well-known/openid-configuration', 'openid/v1/jwks']);

async function buildIndex(
  kinds: readonly Kind[],
  document: (path: string) => Promise<string | undefined>,
): Promise<string> {
  const hashes = new Map<string, string>();
  for (const path of GENERAL) hashes.set(path, hash(path));
  for (const { group, version } of kinds) {
    const path = pathOf(group, version);
    if (group !== '' && !hashes.has(`apis/${group}`)) hashes.set(`apis/${group}`, hash(group));
    // The types of the release stand for their document, which is far larger and mostly not asked for.
    if (!hashes.has(path)) hashes.set(path, hash(typesText(group, version) ?? (await document(path)) ?? ''));
  }
  const paths = Object.fromEntries(
    [...hashes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, value]) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${value}` }]),
  );
  return JSON.stringify({ paths });
}

/** A 64-bit FNV-1a-like digest in two halves; it only has to tell documents apart. */
function hash(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + i), 0x85ebca6b);
  }
  return [low, high].map((half) => (half >>> 0).toString(16).toUpperCase().padStart(8, '0')).join('');
}
