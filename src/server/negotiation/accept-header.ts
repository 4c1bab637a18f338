/** Accept headers as upstream reads them. Upstream: munnerz/goautoneg, and go-restful's route.go matchesAccept. */

/** One entry of an Accept header. */
export interface Clause {
  type: string;
  subtype: string;
  params: ReadonlyMap<string, string>;
  q: number;
}

/**
 * The entries of a header, the preferred first. Entries without a subtype are left out, but for a lone `*`. Names and
 * values stand for themselves: case counts, and quotes are part of a value.
 */
export function parseAccept(header: string): Clause[] {
  const clauses: Clause[] = [];
  for (const part of header.split(',')) {
    const clause = parseClause(part);
    if (!clause) continue;
    // Upstream's order is no order: what it gives depends on how it is sorted, which is by insertion.
    let at = clauses.length;
    while (at > 0 && precedes(clause, clauses[at - 1]!)) at--;
    clauses.splice(at, 0, clause);
  }
  return clauses;
}

const precedes = (a: Clause, b: Clause): boolean =>
  a.q > b.q || (a.type !== '*' && b.type === '*') || (a.subtype !== '*' && b.subtype === '*');

function parseClause(part: string): Clause | undefined {
  const [media = '', ...rest] = trimSpaces(part).split(';');
  const [type = '', subtype = '', ...more] = media.split('/');
  const bare = subtype === '' && more.length === 0;
  if (bare ? trimSpaces(type) !== '*' : more.join('/') !== '') return undefined;
  const params = new Map<string, string>();
  let q = 1;
  for (const param of rest) {
    const [name = '', value = '', ...others] = param.split('=');
    if (value === '' || others.join('=') !== '') continue;
    if (trimSpaces(name) === 'q') q = quality(value);
    else params.set(trimSpaces(name), trimSpaces(value));
  }
  return { type: trimSpaces(type), subtype: bare ? '*' : trimSpaces(subtype), params, q };
}

/** What is no number counts as none at all. */
function quality(text: string): number {
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text) ? Number(text) : 0;
}

const trimSpaces = (text: string): string => text.replace(/^ +| +$/g, '');

/** Whether a clause stands for a media type. */
export function covers({ type, subtype }: Clause, mediaType: string): boolean {
  const slash = mediaType.indexOf('/');
  if (type === '*') return subtype === '*';
  return type === mediaType.slice(0, slash) && (subtype === '*' || subtype === mediaType.slice(slash + 1));
}

/** Whether the router lets a request through to what answers in one of these types: of ranges it knows the widest only. */
export function namesOneOf(header: string, mediaTypes: readonly string[]): boolean {
  if (header === '') return true;
  return header.split(',').some((part) => {
    const type = trimSpaces(part.split(';')[0] ?? '');
    return type === '*/*' || mediaTypes.includes(type);
  });
}
