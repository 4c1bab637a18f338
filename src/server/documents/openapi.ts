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

/** Where the kinds come from. */
export interface OpenApiKinds {
  /** All kinds of the moment; the same list until they change. Custom ones may lack their schemas. */
  all(): readonly Kind[];
  /** The custom kinds of a group-version, whole. */
  inVersion(group: string, version: string): Promise<readonly Kind[]>;
  /** The custom kinds of all groups, whole, a few at a time. */
  everywhere(): AsyncIterable<readonly Kind[]>;
}

/** Characters of documents about custom kinds that are kept. */
const MAX_KEPT = 4 * 1024 * 1024;
/**
 * Characters about custom kinds in the document of everything, which is parsed again to be put into protobuf. Clients
 * check nothing of kinds that are not in it.
 */
const MAX_CUSTOM_V2 = 6 * 1024 * 1024;
/** What the paths of a kind take. */
const PATHS_V2 = 9_000;

/** `version` goes into `info`. */
export function createOpenApiDocuments(kinds: OpenApiKinds, version: string): OpenApiDocuments {
  // Texts are kept and not promises: in workerd the promise of another request dies with that request.
  const builtIn = new Map<string, string>();
  const custom = new Map<string, string>();
  let keptFor: readonly Kind[] | undefined;
  let size = 0;

  const keep = async (
    texts: Map<string, string>,
    name: string,
    build: () => Promise<string | undefined>,
  ): Promise<string | undefined> => {
    const all = kinds.all();
    if (keptFor !== all) {
      custom.clear();
      size = 0;
      keptFor = all;
    }
    const known = texts.get(name);
    if (known !== undefined) return known;
    const text = await build();
    if (text === undefined) return undefined;
    if (texts === builtIn) texts.set(name, text);
    else if (kinds.all() === all && size + text.length <= MAX_KEPT) {
      texts.set(name, text);
      size += text.length;
    }
    return text;
  };

  return {
    v2: async () => (await keep(hasCustom(kinds.all()) ? custom : builtIn, 'v2', () => buildV2(kinds, version))) ?? '',
    index: async () => (await keep(custom, 'index', async () => buildIndex(kinds.all()))) ?? '',
    v3: async (path) => {
      const own = kinds.all().filter((kind) => pathOf(kind.group, kind.version) === path);
      const [first] = own;
      if (!first?.itemsCarryType) return keep(builtIn, path, () => buildV3(kinds.all(), path, version));
      return keep(custom, path, async () => buildCustomV3(await kinds.inVersion(first.group, first.version)));
    },
  };
}

/** Custom kinds come after all others. */
const hasCustom = (kinds: readonly Kind[]): boolean => kinds.at(-1)?.itemsCarryType === true;

async function loadDescriptions(): Promise<Descriptions> {
  const { descriptions } = await import('./generated/descriptions.ts');
  return JSON.parse(descriptions) as Descriptions;
}

const pathOf = (group: string, version: string): string =>
  `${group === '' ? 'api' : 'apis'}/${apiVersionOf(group, version)}`;

async function buildV2(kinds: OpenApiKinds, version: string): Promise<string> {
  const writer = new DefinitionWriter(2, await loadDescriptions());
  const paths = new PathWriter(2, writer);
  const all = kinds.all();
  for (const kind of all) if (!kind.itemsCarryType) paths.add(kind);
  if (hasCustom(all)) await addCustomV2(kinds, paths);
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

/** Whoever has thousands of large definitions finds the rest in the documents of version 3. */
async function addCustomV2(kinds: OpenApiKinds, paths: PathWriter): Promise<void> {
  let left = MAX_CUSTOM_V2;
  for await (const some of kinds.everywhere()) {
    for (const kind of some) {
      left -= JSON.stringify(kind.published?.props ?? '').length + PATHS_V2;
      if (left < 0) return;
      paths.add(kind);
    }
  }
}

async function buildV3(kinds: readonly Kind[], path: string, version: string): Promise<string | undefined> {
  const own = kinds.filter((kind) => !kind.itemsCarryType && pathOf(kind.group, kind.version) === path);
  const info = { title: 'Kubernetes', version };
  if (own.length === 0) {
    const group = kinds.some((kind) => !kind.itemsCarryType && kind.group !== '' && `apis/${kind.group}` === path);
    return GENERAL.has(path) || group ? documentV3({}, {}, info) : undefined;
  }
  return documentOf(own, info);
}

const buildCustomV3 = (kinds: readonly Kind[]): Promise<string> =>
  documentOf(kinds, { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' });

async function documentOf(kinds: readonly Kind[], info: object): Promise<string> {
  const writer = new DefinitionWriter(3, await loadDescriptions());
  const paths = new PathWriter(3, writer);
  for (const kind of kinds) paths.add(kind);
  return documentV3(paths.paths, writer.definitions, info);
}

function documentV3(paths: OpenApiObject, schemas: OpenApiObject, info: object): string {
  return JSON.stringify({
    openapi: '3.0.0',
    info,
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

function buildIndex(kinds: readonly Kind[]): string {
  const hashes = new Map<string, string>();
  const revisions = new Map<string, string>();
  for (const path of GENERAL) hashes.set(path, builtInHash(path, path));
  for (const { group, version, revision } of kinds) {
    const path = pathOf(group, version);
    if (revision !== undefined) revisions.set(path, `${revisions.get(path) ?? ''}\n${revision}`);
    else {
      if (group !== '' && !hashes.has(`apis/${group}`)) hashes.set(`apis/${group}`, builtInHash(group, group));
      // The types of the release stand for their document, which is far larger and mostly not asked for.
      if (!hashes.has(path)) hashes.set(path, builtInHash(path, typesText(group, version) ?? ''));
    }
  }
  for (const [path, text] of revisions) hashes.set(path, hash(`${hashes.get(path) ?? ''}${text}`));
  const paths = Object.fromEntries(
    [...hashes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, value]) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${value}` }]),
  );
  return JSON.stringify({ paths });
}

const builtInHashes = new Map<string, string>();

/** Digests of the release never change, and its texts are long. */
function builtInHash(name: string, text: string): string {
  const known = builtInHashes.get(name) ?? hash(text);
  builtInHashes.set(name, known);
  return known;
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
