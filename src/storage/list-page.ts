/** What both engines share in answering lists: which revision is read, and where a page ends. */
import type { ListQuery, ListResult } from './contract.ts';
import type { ListPage } from './engine.ts';

export interface Revisions {
  current: number;
  compacted: number;
  tracked: number;
}

/** The revision a list reads at (LIST-1, LIST-2), or the failure to answer with. */
export function readRevision(query: ListQuery, revisions: Revisions): number | Extract<ListResult, { ok: false }> {
  const { revision } = query;
  const { current, compacted, tracked } = revisions;
  if (revision === undefined) return current;
  if (revision > current) return { ok: false, why: 'TooLarge', revision: current, tracked };
  const pinned = query.exact === true || query.after !== undefined;
  if (!pinned) return current;
  if (revision < compacted) return { ok: false, why: 'Expired', revision: current, tracked };
  return revision;
}

/** Collects object texts in key order until the page is full. */
export class PageBuilder {
  readonly #limit: number;
  readonly #maxCharacters: number;
  readonly #texts: string[] = [];
  #characters = 0;
  #last: { namespace: string; name: string } | undefined;
  #full = false;

  constructor(query: ListQuery) {
    this.#limit = query.limit !== undefined && query.limit > 0 ? query.limit : Number.POSITIVE_INFINITY;
    this.#maxCharacters = query.maxCharacters ?? Number.POSITIVE_INFINITY;
  }

  /** Takes the next object; false when it belongs to the next page. */
  add(key: { namespace: string; name: string }, text: string): boolean {
    const fits = this.#characters + text.length <= this.#maxCharacters || this.#texts.length === 0;
    if (this.#texts.length >= this.#limit || !fits) {
      this.#full = true;
      return false;
    }
    this.#texts.push(text);
    this.#characters += text.length;
    this.#last = key;
    return true;
  }

  /** Key of the last object of the page. */
  get last(): { namespace: string; name: string } | undefined {
    return this.#last;
  }

  get full(): boolean {
    return this.#full;
  }

  get count(): number {
    return this.#texts.length;
  }

  /** `remaining` is asked for only when objects follow. */
  finish(at: { revision: number; tracked: number }, remaining: () => number | undefined): ListPage {
    const page = { ok: true as const, ...at, texts: this.#texts, count: this.#texts.length };
    if (!this.#full || this.#last === undefined) return page;
    const rest = remaining();
    const next = { namespace: this.#last.namespace, name: this.#last.name };
    return rest === undefined ? { ...page, next } : { ...page, next, remaining: rest };
  }
}

/** The page as the contract answers it: texts joined by commas, so that nobody parses or walks them again. */
export function joinPage(page: ListPage): ListResult {
  if (!page.ok) return page;
  const { texts, ...rest } = page;
  return { ...rest, text: texts.join(',') };
}
