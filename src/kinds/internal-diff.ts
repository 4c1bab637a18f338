/** How two values differ, line by line, as upstream's messages show it. Upstream: go-difflib, as difflib of Python. */

const CONTEXT = 3;
/** From this many lines on, lines that come often say nothing of where blocks belong. */
const POPULAR_FROM = 200;

type Block = readonly [a: number, b: number, length: number];

/** A unified diff of two values written as JSON with an indent of one; empty when they are written the same. */
export function internalDiff(before: unknown, after: unknown): string {
  const a = JSON.stringify(before, null, 1).split('\n');
  const b = JSON.stringify(after, null, 1).split('\n');
  return hunks(changes(a, b, new Matcher(a, b).blocks()))
    .map((list) => show(list))
    .join('');
}

/** Finds the longest runs of lines that two texts have in common, and so on before and after each. */
class Matcher {
  readonly #a: readonly string[];
  readonly #b: readonly string[];
  readonly #places = new Map<string, number[]>();

  constructor(a: readonly string[], b: readonly string[]) {
    this.#a = a;
    this.#b = b;
    for (const [index, line] of b.entries()) {
      const places = this.#places.get(line);
      if (places) places.push(index);
      else this.#places.set(line, [index]);
    }
    if (b.length < POPULAR_FROM) return;
    const most = Math.floor(b.length / 100) + 1;
    for (const [line, places] of this.#places) if (places.length > most) this.#places.delete(line);
  }

  blocks(): Block[] {
    const out: Block[] = [];
    const open: [number, number, number, number][] = [[0, this.#a.length, 0, this.#b.length]];
    for (let range = open.pop(); range !== undefined; range = open.pop()) {
      const [fromA, toA, fromB, toB] = range;
      const [i, j, length] = this.#longest(range);
      if (length === 0) continue;
      out.push([i, j, length]);
      if (fromA < i && fromB < j) open.push([fromA, i, fromB, j]);
      if (i + length < toA && j + length < toB) open.push([i + length, toA, j + length, toB]);
    }
    return out.sort((x, y) => x[0] - y[0]);
  }

  #longest([fromA, toA, fromB, toB]: readonly [number, number, number, number]): Block {
    let [bestA, bestB, best] = [fromA, fromB, 0];
    let lengths = new Map<number, number>();
    for (let i = fromA; i < toA; i++) {
      const next = new Map<number, number>();
      for (const j of this.#places.get(this.#a[i] as string) ?? []) {
        if (j < fromB) continue;
        if (j >= toB) break;
        const length = (lengths.get(j - 1) ?? 0) + 1;
        next.set(j, length);
        if (length > best) [bestA, bestB, best] = [i - length + 1, j - length + 1, length];
      }
      lengths = next;
    }
    // Lines that come often start no block but belong to one.
    while (bestA > fromA && bestB > fromB && this.#a[bestA - 1] === this.#b[bestB - 1])
      [bestA, bestB, best] = [bestA - 1, bestB - 1, best + 1];
    while (bestA + best < toA && bestB + best < toB && this.#a[bestA + best] === this.#b[bestB + best]) best++;
    return [bestA, bestB, best];
  }
}

interface Line {
  kind: ' ' | '-' | '+';
  text: string;
  /** Where the line stands, counted from zero, in each text. */
  a: number;
  b: number;
}

function changes(a: readonly string[], b: readonly string[], blocks: readonly Block[]): Line[] {
  const out: Line[] = [];
  let [i, j] = [0, 0];
  for (const [startA, startB, length] of [...blocks, [a.length, b.length, 0] as const]) {
    while (i < startA) out.push({ kind: '-', text: a[i] as string, a: i++, b: j });
    while (j < startB) out.push({ kind: '+', text: b[j] as string, a: i, b: j++ });
    while (i < startA + length) out.push({ kind: ' ', text: a[i] as string, a: i++, b: j++ });
  }
  return out;
}

/** Changes with a few lines around them; changes near each other share a hunk. */
function hunks(lines: readonly Line[]): Line[][] {
  const out: Line[][] = [];
  let end = -1;
  for (const [index, { kind }] of lines.entries()) {
    if (kind === ' ') continue;
    const start = Math.max(0, index - CONTEXT);
    if (start > end) out.push(lines.slice(start, index + CONTEXT + 1));
    else out.at(-1)?.push(...lines.slice(end, index + CONTEXT + 1));
    end = Math.min(lines.length, index + CONTEXT + 1);
  }
  return out;
}

function show(lines: readonly Line[]): string {
  const range = (kind: '-' | '+', start: number): string => {
    const count = lines.filter((line) => line.kind === ' ' || line.kind === kind).length;
    if (count === 1) return String(start + 1);
    return `${count === 0 ? start : start + 1},${count}`;
  };
  const first = lines[0] as Line;
  const body = lines.map(({ kind, text }) => `${kind}${text}\n`).join('');
  return `@@ -${range('-', first.a)} +${range('+', first.b)} @@\n${body}`;
}
