/**
 * YAML in the form upstream's clients know: block style, keys sorted, strings quoted only where a plain one would be
 * read as something else. Upstream: sigs.k8s.io/yaml.
 */
import { StatusError } from '../../machinery/status.ts';
import { compareYamlKeys } from './yaml-key-order.ts';

/** Writes a JSON value as a YAML document. Throws 500 for texts with characters that YAML has no place for. */
export function writeYaml(value: unknown): string {
  const lines: string[] = [];
  if (isBlock(value)) writeBlock(lines, value, '');
  else lines.push(scalar(value, ''));
  return `${lines.join('\n')}\n`;
}

function isBlock(value: unknown): value is object {
  if (value === null || typeof value !== 'object') return false;
  return Array.isArray(value) ? value.length > 0 : Object.values(value).some((v) => v !== undefined);
}

function writeBlock(lines: string[], value: object, indent: string): void {
  if (Array.isArray(value)) for (const item of value) writeItem(lines, item, indent);
  else for (const [key, entry] of sortedEntries(value)) writeEntry(lines, key, { entry, indent });
}

function sortedEntries(value: object): [string, unknown][] {
  return Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => compareYamlKeys(a, b));
}

function writeEntry(lines: string[], key: string, { entry, indent }: { entry: unknown; indent: string }): void {
  // At most three bytes stand for one unit of a text.
  if (key.length * 3 > MAX_SIMPLE_KEY && new TextEncoder().encode(key).length > MAX_SIMPLE_KEY) {
    writeLongKey(lines, key, { entry, indent });
    return;
  }
  const head = `${indent}${scalar(key, indent)}:`;
  if (!isBlock(entry)) lines.push(`${head} ${scalar(entry, indent, head.length + 1)}`);
  else {
    lines.push(head);
    writeBlock(lines, entry, Array.isArray(entry) ? indent : `${indent}  `);
  }
}

/** Bytes of a key that may stand on the line of its value. */
const MAX_SIMPLE_KEY = 128;

function writeLongKey(lines: string[], key: string, { entry, indent }: { entry: unknown; indent: string }): void {
  lines.push(`${indent}? ${scalar(key, indent)}`);
  const at = lines.length;
  if (isBlock(entry)) writeBlock(lines, entry, `${indent}  `);
  else lines.push(`${indent}  ${scalar(entry, indent, indent.length + 2)}`);
  lines[at] = `${indent}: ${lines[at]!.slice(indent.length + 2)}`;
}

function writeItem(lines: string[], item: unknown, indent: string): void {
  if (!isBlock(item)) {
    lines.push(`${indent}- ${scalar(item, indent, indent.length + 2)}`);
    return;
  }
  const at = lines.length;
  writeBlock(lines, item, `${indent}  `);
  lines[at] = `${indent}- ${lines[at]!.slice(indent.length + 2)}`;
}

/** `column` is where the value starts; keys, which are never folded, have none. */
function scalar(value: unknown, indent: string, column?: number): string {
  if (typeof value === 'string') return fold(writeString(value, indent), indent, column);
  if (Array.isArray(value)) return '[]';
  if (value !== null && typeof value === 'object') return '{}';
  return JSON.stringify(value) ?? 'null';
}

/** Lines are broken at the first space beyond this column. */
const WIDTH = 80;

/** Breaks a long plain or single-quoted text over lines, which readers join by spaces again. */
function fold(text: string, indent: string, column: number | undefined): string {
  if (column === undefined || column + text.length <= WIDTH || /^["|]/.test(text)) return text;
  let folded = '';
  let at = column;
  for (let i = 0; i < text.length; i++) {
    const isBreak = text[i] === ' ' && text[i - 1] !== ' ' && text[i + 1] !== ' ' && i < text.length - 1;
    if (isBreak && at > WIDTH) {
      folded += `\n${indent}  `;
      at = indent.length + 2;
    } else {
      folded += text[i];
      at++;
    }
  }
  return folded;
}

/** What a YAML 1.1 reader takes for another type. */
const NOT_A_STRING =
  /^(~|null|Null|NULL|true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|y|Y|n|N|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|\d{4}-\d{1,2}-\d{1,2}([Tt ].*)?)$/;
/** Upstream reads the JSON of an answer as YAML first, which allows none of these. */
const NO_YAML = /[\u007f-\u0084\u0086-\u009f\ufffe\uffff]/;
const UNSAFE_START = /^[ \t\r\-?:,[\]{}#&*!|>'"%@`]/;
const PLAIN_DASH = /^[-?:][^\s,[\]{}]/;
/** What only stands escaped. */
const ESCAPED = /(?!\n)\p{Cc}|\ufeff|[\u{10000}-\u{10ffff}]/u;

function writeString(text: string, indent: string): string {
  if (text === '') return '""';
  if (NO_YAML.test(text)) throw new StatusError(500, '', 'yaml: control characters are not allowed');
  if (ESCAPED.test(text)) return quoteDouble(text);
  // A space at the end of a line would be lost to sight.
  if (text.includes('\n')) return / (\n|$)/.test(text) ? quoteDouble(text) : literal(text, indent);
  if (NOT_A_STRING.test(text)) return quoteDouble(text);
  const risky =
    (UNSAFE_START.test(text) && !PLAIN_DASH.test(text)) ||
    text.includes(': ') ||
    text.includes(' #') ||
    /[ \t\r:]$/.test(text);
  return risky || text === '---' || text === '...' ? quoteSingle(text) : text;
}

function quoteSingle(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\0': '\\0',
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\u001b': '\\e',
  '\u0085': '\\N',
};

function quoteDouble(text: string): string {
  return `"${text.replace(/["\\\n]|(?!\n)\p{Cc}|\ufeff|[\u{10000}-\u{10ffff}]/gu, escapeOf)}"`;
}

function escapeOf(char: string): string {
  const code = char.codePointAt(0)!;
  const digits = code.toString(16).toUpperCase();
  if (code > 0xffff) return SHORT_ESCAPES[char] ?? `\\U${digits.padStart(8, '0')}`;
  return SHORT_ESCAPES[char] ?? (code > 0xff ? `\\u${digits.padStart(4, '0')}` : `\\x${digits.padStart(2, '0')}`);
}

function literal(text: string, indent: string): string {
  let end = text.length;
  while (text[end - 1] === '\n') end--;
  const body = text.slice(0, end);
  const trailing = text.length - end;
  const chomp = trailing === 0 ? '-' : trailing === 1 && end > 0 ? '' : '+';
  const hint = /^[ \n]/.test(text) ? '2' : '';
  const lines = (trailing > 1 ? text.slice(0, -1) : body).split('\n');
  return [`|${hint}${chomp}`, ...lines.map((line) => (line === '' ? '' : `${indent}  ${line}`))].join('\n');
}
