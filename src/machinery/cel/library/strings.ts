import { toText } from '../convert.ts';
import type { Library } from '../declaration.ts';
import { CelFault } from '../values.ts';
import { spend } from '../work.ts';
import { formatText } from './string-format.ts';

type Int = number | bigint;

function outOfRange(index: Int): CelFault {
  return new CelFault(`index out of range: ${index}`);
}

function runes(text: string): readonly string[] {
  spend(text.length);
  return [...text];
}

function charAt(text: string, at: Int): string {
  const all = runes(text);
  if (at < 0 || at > all.length) throw outOfRange(at);
  return all[Number(at)] ?? '';
}

function matchesAt(all: readonly string[], part: readonly string[], at: number): boolean {
  return part.every((rune, index) => all[at + index] === rune);
}

function indexOf(text: string, part: string, offset: Int): Int {
  if (part === '') return offset;
  if (offset < 0) throw outOfRange(offset);
  const [all, wanted] = [runes(text), runes(part)];
  for (let at = Number(offset); at <= all.length - wanted.length; at++) if (matchesAt(all, wanted, at)) return at;
  return -1;
}

function lastIndexOf(text: string, part: string, offset: Int): Int {
  if (part === '') return offset;
  if (offset < 0) throw outOfRange(offset);
  const [all, wanted] = [runes(text), runes(part)];
  if (offset >= all.length) return -1;
  for (let at = Math.min(Number(offset), all.length - wanted.length); at >= 0; at--)
    if (matchesAt(all, wanted, at)) return at;
  return -1;
}

function lastIndex(text: string, part: string): Int {
  const { length } = runes(text);
  if (part === '') return length;
  return text.length < part.length ? -1 : lastIndexOf(text, part, length - 1);
}

/** Go's strings.Replace: at most `limit` times, every place if it is negative. */
function replace(text: string, from: string, to: string, limit: number): string {
  if (limit === 0 || from === to) return text;
  spend((text.length / Math.max(1, from.length)) * to.length);
  if (limit < 0 && from !== '') return text.split(from).join(to);
  const parts = from === '' ? ['', ...runes(text)] : text.split(from);
  const count = Math.min(limit < 0 ? Infinity : limit, from === '' ? parts.length : parts.length - 1);
  if (from === '') return parts.map((part, index) => part + (index < count ? to : '')).join('');
  return (
    parts.slice(0, count + 1).join(to) +
    parts
      .slice(count + 1)
      .map((part) => from + part)
      .join('')
  );
}

/** Go's strings.SplitN. */
function split(text: string, separator: string, limit: number): readonly string[] {
  if (limit === 0) return [];
  const parts = separator === '' ? runes(text) : text.split(separator);
  if (limit < 0 || parts.length <= limit) return parts;
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)];
}

function substring(text: string, start: Int, end?: Int): string {
  const all = runes(text);
  if (end !== undefined && start > end) throw new CelFault(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0 || start > all.length) throw outOfRange(start);
  if (end !== undefined && (end < 0 || end > all.length)) throw outOfRange(end);
  return all.slice(Number(start), end === undefined ? undefined : Number(end)).join('');
}

function join(list: readonly unknown[], separator: string): string {
  for (const item of list) if (typeof item !== 'string') throw new CelFault(`join: invalid input: ${toText(item)}`);
  spend(list.reduce((sum: number, item) => sum + (item as string).length + separator.length, 0));
  return list.join(separator);
}

const blank = /[\s\u0085]/u;

function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && blank.test(text[start] as string)) start++;
  while (end > start && blank.test(text[end - 1] as string)) end--;
  return text.slice(start, end);
}

const quoted: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

function quote(text: string): string {
  const escaped = [...text.toWellFormed()].map((character) => quoted[character] ?? character);
  return `"${escaped.join('')}"`;
}

/** Upstream: ext/strings.go, version 2 */
export function stringsLibrary(): Library {
  return {
    charAt: { 'string_char_at_int: string.(int) -> string': charAt },
    indexOf: {
      'string_index_of_string: string.(string) -> int': (text: string, part: string) => indexOf(text, part, 0),
      'string_index_of_string_int: string.(string, int) -> int': indexOf,
    },
    lastIndexOf: {
      'string_last_index_of_string: string.(string) -> int': lastIndex,
      'string_last_index_of_string_int: string.(string, int) -> int': lastIndexOf,
    },
    lowerAscii: {
      'string_lower_ascii: string.() -> string': (text: string) =>
        text.replace(/[A-Z]+/g, (part) => part.toLowerCase()),
    },
    upperAscii: {
      'string_upper_ascii: string.() -> string': (text: string) =>
        text.replace(/[a-z]+/g, (part) => part.toUpperCase()),
    },
    replace: {
      'string_replace_string_string: string.(string, string) -> string': (text: string, from: string, to: string) =>
        replace(text, from, to, -1),
      'string_replace_string_string_int: string.(string, string, int) -> string': (
        text: string,
        from: string,
        to: string,
        limit: Int,
      ) => replace(text, from, to, Number(limit)),
    },
    split: {
      'string_split_string: string.(string) -> list(string)': (text: string, separator: string) =>
        split(text, separator, -1),
      'string_split_string_int: string.(string, int) -> list(string)': (text: string, separator: string, limit: Int) =>
        split(text, separator, Number(limit)),
    },
    substring: {
      'string_substring_int: string.(int) -> string': (text: string, start: Int) => substring(text, start),
      'string_substring_int_int: string.(int, int) -> string': substring,
    },
    trim: { 'string_trim: string.() -> string': trim },
    format: { 'string_format: string.(list(dyn)) -> string': formatText },
    'strings.quote': { 'strings_quote(string) -> string': quote },
    join: {
      'list_join: list(string).() -> string': (list: readonly unknown[]) => join(list, ''),
      'list_join_string: list(string).(string) -> string': join,
    },
  };
}
