/**
 * YAML in the form upstream's clients know: block style, keys sorted, strings quoted only where a plain one would be
 * read as something else. Upstream: sigs.k8s.io/yaml.
 */

/** Writes a JSON value as a YAML document. */
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
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function writeEntry(lines: string[], key: string, { entry, indent }: { entry: unknown; indent: string }): void {
  const head = `${indent}${scalar(key, indent)}:`;
  if (!isBlock(entry)) lines.push(`${head} ${scalar(entry, indent, head.length + 1)}`);
  else {
    lines.push(head);
    writeBlock(lines, entry, Array.isArray(entry) ? indent : `${indent}  `);
  }
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
  /^(~|null|Null|NULL|true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|y|Y|n|N|<<|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|\d{4}-\d{1,2}-\d{1,2}([Tt ].*)?)$/;
const UNSAFE_START = /^[\s\-?:,[\]{}#&*!|>'"%@`]/;
const PLAIN_DASH = /^[-?:][^\s,[\]{}]/;
const CONTROL = /(?![\t\n])\p{Cc}|\ufeff/u;

function writeString(text: string, indent: string): string {
  if (text === '') return '""';
  if (CONTROL.test(text)) return JSON.stringify(text);
  if (text.includes('\n'))
    return /^[\n ]/.test(text) && text.trim() === '' ? JSON.stringify(text) : literal(text, indent);
  if (NOT_A_STRING.test(text)) return JSON.stringify(text);
  const risky =
    (UNSAFE_START.test(text) && !PLAIN_DASH.test(text)) ||
    text.includes(': ') ||
    text.includes(' #') ||
    /[\s:]$/.test(text);
  return risky || text === '---' || text === '...' ? quoteSingle(text) : text;
}

function quoteSingle(text: string): string {
  return text.includes('\t') ? JSON.stringify(text) : `'${text.replaceAll("'", "''")}'`;
}

function literal(text: string, indent: string): string {
  let end = text.length;
  while (text[end - 1] === '\n') end--;
  const body = text.slice(0, end);
  const trailing = text.length - end;
  const chomp = trailing === 0 ? '-' : trailing === 1 ? '' : '+';
  const hint = /^\s/.test(text) ? '2' : '';
  const lines = (trailing > 1 ? text.slice(0, -1) : body).split('\n');
  return [`|${hint}${chomp}`, ...lines.map((line) => (line === '' ? '' : `${indent}  ${line}`))].join('\n');
}
