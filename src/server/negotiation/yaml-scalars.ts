/** Scalars of YAML that are quoted or stand in a block of lines. Upstream: yaml_parser_scan_flow_scalar, …_block_scalar. */

/** A place in a text. What the caller cannot read calls `leave`, which throws. */
export interface Folding {
  readonly text: string;
  at: number;
  leave(): never;
}

/** The text in single quotes at the place, which moves behind them. */
export function readSingleQuoted(place: Folding): string {
  let value = '';
  let start = place.at + 1;
  for (;;) {
    const quote = place.text.indexOf("'", start);
    if (quote < 0) place.leave();
    value += place.text.slice(start, quote);
    if (place.text[quote + 1] !== "'") {
      place.at = quote + 1;
      return value.includes('\n') ? folded(value, place) : value;
    }
    value += "'";
    start = quote + 2;
  }
}

/** Lines of a quoted text as one: a line end is a space, empty lines are line ends. */
function folded(value: string, place: Folding): string {
  const lines = value.split('\n');
  let out = (lines[0] as string).replace(TRAILING_BLANK, '');
  let empty = 0;
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string;
    if (line !== '' && !BLANK.has(line[0])) place.leave();
    const last = i === lines.length - 1;
    if (line === '' && last) place.leave();
    const inner = last ? line.replace(LEADING_BLANK, '') : line.replace(LEADING_BLANK, '').replace(TRAILING_BLANK, '');
    if (inner === '' && !last) empty++;
    else {
      out += empty === 0 ? ' ' : '\n'.repeat(empty);
      out += inner;
      empty = 0;
    }
  }
  return out;
}

const BLANK = new Set<string | undefined>([' ', '\t']);
const LEADING_BLANK = /^[ \t]+/;
const TRAILING_BLANK = /(?<![ \t])[ \t]+$/;

const SIMPLE: Readonly<Record<string, string>> = {
  ...{ '0': '\0', a: '\x07', b: '\b', t: '\t', '\t': '\t', n: '\n', v: '\v', f: '\f', r: '\r', e: '\x1b', ' ': ' ' },
  ...{ '"': '"', "'": "'", '/': '/', '\\': '\\', N: '\u0085', _: '\u00a0', L: '\u2028', P: '\u2029' },
};
const DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** The text in double quotes at the place, which moves behind them. */
export function readDoubleQuoted(place: Folding): string {
  const { text } = place;
  let value = '';
  let at = place.at + 1;
  for (;;) {
    STOP.lastIndex = at;
    const stop = STOP.exec(text)?.index ?? place.leave();
    const part = text.slice(at, stop);
    value += text[stop] === '\n' ? part.replace(TRAILING_BLANK, '') : part;
    at = stop;
    if (text[at] === '"') break;
    if (text[at] === '\n') {
      const after = lineEnd(place, at);
      value += after.breaks === 1 ? ' ' : '\n'.repeat(after.breaks - 1);
      at = after.at;
    } else if (text[at + 1] === '\n') {
      const after = lineEnd(place, at + 1);
      value += '\n'.repeat(after.breaks - 1);
      at = after.at;
    } else {
      const { char, next } = escaped(place, at + 1);
      value += char;
      at = next;
    }
  }
  place.at = at + 1;
  return value;
}

const STOP = /["\\\n]/g;

/** How many lines end at `at` and after it with nothing in them, and where the next text starts. */
function lineEnd({ text, leave }: Folding, at: number): { breaks: number; at: number } {
  let breaks = 0;
  let end = at;
  while (text[end] === '\n') {
    breaks++;
    end++;
    // What starts a line may be a marker, or stand too far left.
    if (text[end] !== '\n' && !BLANK.has(text[end])) leave();
    while (text[end] === ' ' || text[end] === '\t') end++;
  }
  return { breaks, at: end };
}

function escaped({ text, leave }: Folding, at: number): { char: string; next: number } {
  const name = text[at] ?? '';
  const char = Object.hasOwn(SIMPLE, name) ? SIMPLE[name] : undefined;
  if (char !== undefined) return { char, next: at + 1 };
  const count = Object.hasOwn(DIGITS, name) ? (DIGITS[name] as number) : leave();
  const digits = text.slice(at + 1, at + 1 + count);
  const code = digits.length === count && /^[\da-fA-F]+$/.test(digits) ? Number.parseInt(digits, 16) : leave();
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) leave();
  return { char: String.fromCodePoint(code), next: at + 1 + count };
}

/** The text of the lines below a `|` or `>` at the place, which moves to the first line that is not one of them. */
export function readBlockScalar(place: Folding, parent: number): string {
  const { text } = place;
  HEADER.lastIndex = place.at;
  const header = HEADER.exec(text) ?? place.leave();
  const [all, style, marks = ''] = header;
  const given = /\d/.exec(marks)?.[0];
  let at = place.at + all.length;
  const lines: string[] = [];
  let indent = given === undefined ? -1 : Math.max(parent, 0) + Number(given);
  let blank = 0;
  while (at < text.length) {
    const end = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at);
    let first = at;
    while (first < end && text[first] === ' ' && (indent < 0 || first - at < indent)) first++;
    const isEmpty = first === end;
    if (isEmpty && indent < 0) blank = Math.max(blank, first - at);
    if (!isEmpty && indent < 0) {
      indent = first - at;
      if (text[first] === '\t' || blank > indent) place.leave();
      if (indent <= parent) break;
    }
    if (!isEmpty && first - at < indent) break;
    lines.push(text.slice(first, end));
    at = end + 1;
  }
  // An indentation that only empty lines show, or that the document itself does not have, is the full parser's.
  if (indent <= 0 || (text.startsWith('#', at) && lines.length === 0)) place.leave();
  if (at > text.length && !text.endsWith('\n')) place.leave();
  place.at = Math.min(at, text.length);
  return joined(lines, style === '>', marks.replace(/\d/, ''));
}

const HEADER = /([|>])([-+][1-9]?|[1-9][-+]?)? *\n/y;

function joined(lines: readonly string[], folds: boolean, chomping: string): string {
  let end = lines.length;
  while (end > 0 && lines[end - 1] === '') end--;
  const parts: string[] = [];
  let wasBlank = true;
  let empty = 0;
  for (let i = 0; i < end; i++) {
    const line = lines[i] as string;
    if (line === '') {
      empty++;
      continue;
    }
    const isBlank = line[0] === ' ' || line[0] === '\t';
    const first = parts.length === 0;
    if (first) parts.push('\n'.repeat(empty));
    else if (folds && !wasBlank && !isBlank) parts.push(empty === 0 ? ' ' : '\n'.repeat(empty));
    else parts.push('\n'.repeat(empty + 1));
    parts.push(line);
    wasBlank = isBlank;
    empty = 0;
  }
  if (chomping === '-') return parts.join('');
  const kept = chomping === '+' ? lines.length - end + (end > 0 ? 1 : 0) : end > 0 ? 1 : 0;
  return parts.join('') + '\n'.repeat(kept);
}
