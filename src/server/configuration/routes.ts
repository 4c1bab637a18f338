/** `/kedge/v1/configuration`: the settings of a cluster that its administrator changes while it runs. */
import { badRequest, forbidden, notFound, requestEntityTooLarge, StatusError } from '../../machinery/status.ts';
import type { EncodedObject } from '../../storage/contract.ts';
import { MASTERS_GROUP } from '../authn/users.ts';
import type { ConfigCache, ServerOptions, UserInfo } from '../contract.ts';
import { parseDocument } from './decode.ts';
import {
  CONFIGURATION_NAMES,
  CONFIGURATION_RESOURCE,
  type ConfigurationInput,
  type ConfigurationName,
  configurationOf,
  type StoredConfiguration,
} from './document.ts';
import { checkConfiguration } from './kinds.ts';

export interface ConfigurationDeps {
  options: ServerOptions;
  config: ConfigCache;
}

const CONFIGURATIONS = { group: '', kind: 'configurations' };
const MAX_BODY_CHARACTERS = 1_000_000;
const ATTEMPTS = 5;

/**
 * Answers `GET`, `PUT` and `DELETE` of the document `given`, and `GET` of all where that is ''. Whoever asks must be an
 * administrator, whatever the authorizers say: they are among what is configured.
 */
export async function answerConfiguration(
  call: { request: Request; user: UserInfo; given: string },
  deps: ConfigurationDeps,
): Promise<Response> {
  const { request, user, given } = call;
  if (!user.groups.includes(MASTERS_GROUP)) throw forbidden(CONFIGURATIONS, given, 'only administrators may call this');
  const snapshot = await deps.config.fresh();
  if (given === '' && request.method === 'GET') {
    const set = CONFIGURATION_NAMES.flatMap((name) => configurationOf(snapshot, name) ?? []);
    return Response.json({ configurations: set.map(described) });
  }
  const name = CONFIGURATION_NAMES.find((known) => known === given);
  if (name === undefined) throw notFound(CONFIGURATIONS, given);
  switch (request.method) {
    case 'GET':
      return Response.json(described(configurationOf(snapshot, name) ?? missing(name)));
    case 'PUT':
      return Response.json(described(await store(name, await readInput(request), deps)));
    case 'DELETE':
      await store(name, undefined, deps);
      return new Response(null, { status: 204 });
    default:
      throw new StatusError(405, 'MethodNotAllowed', 'send GET, PUT or DELETE');
  }

  async function readInput(from: Request): Promise<ConfigurationInput> {
    const text = await from.text();
    if (text.length > MAX_BODY_CHARACTERS) throw requestEntityTooLarge(`limit is ${MAX_BODY_CHARACTERS}`);
    const input = inputOf(text);
    const { document, duplicates } = parseDocument(input.document);
    const { settings } = deps.options;
    checkConfiguration(name as ConfigurationName, { document, files: input.files }, { duplicates, settings });
    return { document, files: input.files };
  }
}

/** The document alone, or with the files it names: `{"document": "…", "files": {"/path": "…"}}`. */
function inputOf(text: string): { document: string; files: Record<string, string> } {
  const body = envelopeOf(text);
  if (!body) return { document: text, files: {} };
  const files = Object.entries(body.files ?? {});
  if (files.some(([, content]) => typeof content !== 'string')) throw badRequest('files must be texts');
  return { document: body.document, files: Object.fromEntries(files) as Record<string, string> };
}

function envelopeOf(text: string): { document: string; files?: Record<string, unknown> } | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const body = JSON.parse(text) as { document?: unknown; files?: Record<string, unknown> };
    return typeof body.document === 'string' ? { ...body, document: body.document } : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a document, or takes it away; a write that meets another one is tried again. */
async function store(
  name: ConfigurationName,
  input: ConfigurationInput | undefined,
  deps: ConfigurationDeps,
): Promise<StoredConfiguration> {
  const { clock, random } = deps.options;
  const key = { resource: CONFIGURATION_RESOURCE, namespace: '', name };
  const shard = deps.options.store.shardOf(CONFIGURATION_RESOURCE);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = await shard.get(key);
    if (input === undefined && found.object === null) missing(name);
    const uid =
      found.object === null ? random.uuid() : (JSON.parse(found.object.text) as StoredConfiguration).metadata.uid;
    const stored: StoredConfiguration = {
      apiVersion: 'kedge/v1',
      kind: 'Configuration',
      metadata: { name, resourceVersion: '', uid, creationTimestamp: new Date(clock.now()).toISOString() },
      ...(input ?? { document: {}, files: {} }),
    };
    const expect = { revision: found.object?.revision ?? 0 };
    const object = encode(stored);
    const result = await shard.transact({
      id: random.uuid(),
      ops: [
        input === undefined
          ? { type: 'delete', key, expect }
          : found.object === null
            ? { type: 'create', key, object }
            : { type: 'update', key, object, expect },
      ],
    });
    deps.config.observe(result.tracked, CONFIGURATION_RESOURCE);
    if (result.ok) return stored;
    if (result.why === 'TooLarge' || result.why === 'Full') throw requestEntityTooLarge('storage refused the document');
  }
  throw new StatusError(409, 'Conflict', 'the configuration is being changed by somebody else; try again');
}

const MARK = '"resourceVersion":"';

function encode(stored: StoredConfiguration): EncodedObject {
  const text = JSON.stringify(stored);
  const projection: EncodedObject['projection'] = {
    ...{ uid: stored.metadata.uid, labels: {}, fields: {}, indexed: [], owners: [], deleting: false },
  };
  return { text, revisionAt: text.indexOf(MARK) + MARK.length, projection };
}

function missing(name: string): never {
  throw notFound(CONFIGURATIONS, name);
}

/** What administrators see. Credentials are not told: those of the document are left out, and of files the names are enough. */
function described({ metadata, document, files }: StoredConfiguration): Record<string, unknown> {
  const shown = JSON.parse(
    JSON.stringify(document, (key, value) => (SECRETS.has(key) ? '<omitted>' : value)),
  ) as object;
  return { name: metadata.name, changed: metadata.creationTimestamp, document: shown, files: Object.keys(files) };
}

/** Of kubeconfigs. */
const SECRETS = new Set(['token', 'password', 'client-key-data']);
