/** GET of a collection. Upstream: handlers/get.go ListResource, storage/etcd3/store.go GetList. */
import { parseJson } from '../../machinery/exact-numbers.ts';
import { apiVersionOf, type KubeObject, type ListMeta } from '../../machinery/meta.ts';
import { badRequest, expired, StatusError } from '../../machinery/status.ts';
import type { ListQuery } from '../../storage/contract.ts';
import { type ListPage, respondList, streamList } from '../respond/list.ts';
import { isStoredForm } from '../respond/object.ts';
import { rowsOf } from '../respond/table.ts';
import { type ResourceCall, readHookOf } from '../scope.ts';
import { decodeContinue, encodeContinue } from './continue-token.ts';
import { type CollectionOptions, parseCollectionOptions, parseResourceVersion } from './list-options.ts';
import { outputOf } from './output.ts';
import { ownFields, selectPage } from './selected-page.ts';

/**
 * Characters of one page that storage sends; a longer list is streamed page by page. V8 keeps texts that are larger than
 * its young generation until it goes through all of its memory, which some lists of 40 MB made 1.8 GB.
 */
const PAGE_CHARACTERS = 512 * 1024;

/** Characters of a list with a limit, about which it ends before that: all of it is read before its answer begins. */
const LIMITED_CHARACTERS = 4 * 1024 * 1024;

export async function listVerb(call: ResourceCall): Promise<Response> {
  const output = outputOf(call, { streams: true });
  const options = parseCollectionOptions(call, false);
  const query = listQuery(options);
  const read = await readFirst(call, query);
  const metadata = listMetadata(await endOf(call, read, query), options, query);
  const hook = readHookOf(call);
  const pages = pagesOf(call, { read, query });
  if (!hook && !output.as && output.serializer.isJson && !output.pretty) {
    if (isStoredForm(call)) return streamList(call, { head: listHead(call, metadata), pages });
    if (call.kind.itemsCarryType) {
      const head = listHead(call, { continue: '', ...metadata });
      return streamList(call, { head, pages: readableTexts(call, pages) });
    }
  }
  const objects: KubeObject[] = [];
  const rows: object[] = [];
  const early = !hook && output.as === 'Table';
  for await (const each of pages) {
    const read = objectsOf(call, each);
    // A page's objects are let go for their rows, so that no large list lies in memory.
    if (early) rows.push(...rowsOf(call, { objects: read, output }));
    else objects.push(...read);
  }
  await hook?.overlay(objects);
  return respondList(call, { objects, ...(early ? { rows } : {}), metadata, output });
}

/** The objects of a page in the version of the call. */
function objectsOf({ kind }: ResourceCall, page: ListPage): KubeObject[] {
  const stored = parseJson(`[${page.text}]`) as KubeObject[];
  return kind.fromStorage ? stored.map((object) => kind.fromStorage!(object)) : stored;
}

/** Pages whose texts are not answered as they are stored. */
async function* readableTexts(call: ResourceCall, pages: AsyncGenerator<ListPage>): AsyncGenerator<ListPage> {
  for await (const page of pages) {
    yield {
      ...page,
      text: objectsOf(call, page)
        .map((object) => JSON.stringify(object))
        .join(','),
    };
  }
}

/** Parsed objects of a collection, for verbs that work on all of them. */
export async function readCollection(
  call: ResourceCall,
  options: CollectionOptions,
): Promise<{ objects: KubeObject[]; metadata: ListMeta }> {
  const query = listQuery(options);
  const read = await readFirst(call, query);
  const objects: KubeObject[] = [];
  for await (const page of pagesOf(call, { read, query })) objects.push(...objectsOf(call, page));
  return { objects, metadata: listMetadata(read.at(-1)!, options, query) };
}

/** The question to storage. Upstream: the table of resourceVersion, resourceVersionMatch and limit in its API concepts. */
function listQuery(options: CollectionOptions): ListQuery {
  const query: ListQuery = { ...options.selection, maxCharacters: PAGE_CHARACTERS };
  const limit = Math.max(options.limit, 0);
  if (options.continue !== '') {
    const token = decodeContinue(options.continue, query.namespace);
    if (options.resourceVersion !== '' && options.resourceVersion !== '0') {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    query.after = token.after;
    if (token.revision > 0) query.revision = token.revision;
    // Version 0 is answered in one piece, as upstream's cache does.
    if (limit > 0 && options.resourceVersion !== '0') query.limit = limit;
    return query;
  }
  if (options.resourceVersion === '0') return query;
  const revision = revisionOf(options);
  if (limit > 0) query.limit = limit;
  if (revision === 0) return query;
  query.revision = revision;
  // One object by name is read as it is now, limit or not.
  if (options.match === 'Exact' || (options.match === '' && limit > 0 && !namesOne(query))) query.exact = true;
  return query;
}

/** Whether a selection can only hold one object, which is then read by its key. */
const namesOne = ({ fields }: ListQuery): boolean =>
  fields?.some(({ field, operator }) => field === 'metadata.name' && operator === '=') === true;

/** Unlike watches, lists call a broken version the client's fault. */
function revisionOf({ resourceVersion }: CollectionOptions): number {
  try {
    return parseResourceVersion(resourceVersion);
  } catch (error) {
    throw badRequest(`invalid resource version: ${(error as Error).message}`);
  }
}

async function readPage(call: ResourceCall, query: ListQuery): Promise<ListPage> {
  const own = ownFields(call.kind, query);
  return own.length === 0
    ? readStored(call, query)
    : selectPage(call.kind, { query, own }, (asked) => readStored(call, asked));
}

async function readStored(call: ResourceCall, query: ListQuery): Promise<ListPage> {
  const { config, options, flow } = call.parts;
  const result = await options.store.shardOf(call.kind.storedAs).list(query);
  config.observe(result.tracked, call.kind.storedAs);
  if (result.ok) {
    if (!query.after && query.namespace === undefined && !query.labels && !query.fields)
      flow.observeList(call.scope.info, sizeOf(result));
    return result;
  }
  if (result.why === 'TooLarge') throw tooLargeVersion(askedVersion(call, query), result.revision);
  if (!query.after) throw expired('The resourceVersion for the provided list is too old.');
  throw expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    encodeContinue({ revision: -1, after: query.after }),
  );
}

/** How much there is of a resource, going by the first page of all. */
function sizeOf({ count, remaining = 0, text }: ListPage): { count: number; characters: number } {
  const all = count + remaining;
  return { count: all, characters: count === 0 ? 0 : Math.ceil((text.length / count) * all) };
}

/** The version that a client named, as it wrote it: numbers of 64 bits are not kept exactly. */
const askedVersion = ({ scope }: ResourceCall, { after, revision }: ListQuery): string =>
  (after ? null : scope.query.get('resourceVersion')?.replace(/^0+/, '')) ?? String(revision ?? 0);

/** 504 for a version that storage has not reached. Upstream: storage.NewTooLargeResourceVersionError. */
export function tooLargeVersion(asked: string, current: number): StatusError {
  return new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/**
 * The pages that are read before the answer begins, at least one: all of a list with a limit, whose continuation stands
 * before its items. A limit is an upper bound, so a list of large objects may end before it.
 */
async function readFirst(call: ResourceCall, query: ListQuery): Promise<ListPage[]> {
  const first = await readPage(call, query);
  const read = [first];
  let last = first;
  let left = (query.limit ?? 0) - first.count;
  let characters = first.text.length;
  while (last.next && left > 0 && characters < LIMITED_CHARACTERS) {
    last = await readPage(call, { ...query, limit: left, after: last.next, revision: first.revision });
    read.push(last);
    left -= last.count;
    characters += last.text.length;
  }
  return read;
}

/** The pages that one answer holds: those that were read, and without a limit all that follow. */
async function* pagesOf(
  call: ResourceCall,
  { read, query }: { read: readonly ListPage[]; query: ListQuery },
): AsyncGenerator<ListPage> {
  yield* read;
  if (query.limit !== undefined) return;
  let page = read.at(-1)!;
  while (page.next) {
    page = await readPage(call, { ...query, after: page.next, revision: page.revision });
    yield page;
  }
}

/**
 * The last page, with where it ends if others may follow. A full list of a selection goes on as long as there are
 * objects that could be selected, as upstream's do, whether or not they are.
 */
async function endOf(call: ResourceCall, read: readonly ListPage[], query: ListQuery): Promise<ListPage> {
  const { resource, namespace, limit, fields } = query;
  const last = read.at(-1)!;
  const count = read.reduce((sum, page) => sum + page.count, 0);
  const selected = query.labels !== undefined || fields !== undefined;
  if (last.next || !selected || namesOne(query) || limit === undefined || count < limit) return last;
  const { metadata } = (JSON.parse(`[${last.text}]`) as KubeObject[]).at(-1) as KubeObject;
  const after = { namespace: metadata.namespace ?? '', name: metadata.name ?? '' };
  const following = { resource, after, revision: last.revision, limit: 1, maxCharacters: 1 };
  const more = await readPage(call, namespace === undefined ? following : { ...following, namespace });
  return more.count > 0 ? { ...last, next: after } : last;
}

/** Metadata of the whole answer. */
function listMetadata(page: ListPage, options: CollectionOptions, query: ListQuery): ListMeta {
  const metadata: ListMeta = { resourceVersion: String(page.revision) };
  if (query.limit === undefined || !page.next) return metadata;
  metadata.continue = encodeContinue({ revision: page.revision, after: page.next });
  if (!options.selective && page.remaining !== undefined && page.remaining > 0)
    metadata.remainingItemCount = page.remaining;
  return metadata;
}

/** Everything before the items. */
function listHead(call: ResourceCall, metadata: ListMeta): string {
  const { kind } = call;
  return `{"kind":${JSON.stringify(kind.listKind)},"apiVersion":${JSON.stringify(apiVersionOf(kind.group, kind.version))},"metadata":${JSON.stringify(metadata)},"items":[`;
}
