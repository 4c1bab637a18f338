/** What is wrong with a YAML document, in the words of the parser that upstream uses. Upstream: go.yaml.in/yaml/v2. */
import type { YAMLParseError } from 'yaml';

/** Zero-based: as a parser counts them, which says nothing of the first line. */
type Line = number;

const CONTROL = /(?![\t\n\r\u0085])\p{Cc}/u;

/** Faults that the full parser has nothing against. */
export function faultBeforehand(text: string): string | undefined {
  if (CONTROL.test(text)) return 'yaml: control characters are not allowed';
  const version = /^%YAML\s+(\S+)/m.exec(text)?.[1];
  if (version !== undefined && version !== '1.1' && version !== '1.2') return 'yaml: found incompatible YAML document';
  if (/^[ \n]*\t\s*$/.test(text))
    return scanned('found character that cannot start any token', lineAt(text, text.indexOf('\t')));
  return undefined;
}

/** A fault of the scanner, which has gone on to the next line. */
const scanned = (what: string, line: Line): string =>
  line === 0 ? `yaml: ${what}` : `yaml: line ${line + 1}: ${what}`;
/** A fault of the parser. */
const parsed = (what: string, line: Line): string => (line === 0 ? `yaml: ${what}` : `yaml: line ${line}: ${what}`);

const lineAt = (text: string, offset: number): Line => text.slice(0, offset).split('\n').length - 1;

/** The end of a document, which begins a line. */
const endOf = (text: string): Line => lineAt(text, text.length) + (text.endsWith('\n') ? 0 : 1);

/** The message for what the full parser found. */
export function faultText(text: string, { code, message, pos }: YAMLParseError): string {
  const line = lineAt(text, pos[0]);
  if (code === 'BLOCK_AS_IMPLICIT_KEY' || code === 'MULTILINE_IMPLICIT_KEY') {
    const isItem = /^-\s/.test(text.slice(pos[0], pos[0] + 2));
    return isItem ? parsed('did not find expected key', line) : valueNotAllowed(text, pos[0]);
  }
  if (code === 'TAB_AS_INDENT' || code === 'BAD_SCALAR_START')
    return scanned('found character that cannot start any token', line);
  if (code === 'BAD_DQ_ESCAPE') return scanned('found unknown escape character', line);
  if (/^Implicit map keys need to be followed/.test(message)) return scanned("could not find expected ':'", line + 1);
  if (/^Missing closing/.test(message)) return scanned('found unexpected end of stream', lineAt(text, text.length));
  if (/^Block scalar header/.test(message)) return scanned('did not find expected comment or line break', line);
  if (/must (be sufficiently indented and )?end with a/.test(message)) return unfinishedFlow(text, message);
  if (/^Missing , or :/.test(message)) return parsed("did not find expected ',' or '}'", line);
  if (/^Unexpected , in flow/.test(message)) return parsed('did not find expected node content', line);
  if (/^Unexpected flow-/.test(message)) return parsed('did not find expected key', line);
  if (code === 'BAD_INDENT')
    return parsed(`did not find expected ${inSequence(text, line) ? "'-' indicator" : 'key'}`, line);
  return parsed(message.split('\n')[0] ?? '', line);
}

/** A colon where no key can be. */
function valueNotAllowed(text: string, from: number): string {
  const colon = text.slice(from).search(/:(\s|$)/);
  return scanned('mapping values are not allowed in this context', lineAt(text, from + Math.max(colon, 0)));
}

function unfinishedFlow(text: string, message: string): string {
  const wantsItem = /[[{,:]\s*$/.test(text);
  const what = message.startsWith('Flow map') ? "',' or '}'" : "',' or ']'";
  return parsed(`did not find expected ${wantsItem ? 'node content' : what}`, endOf(text));
}

/** Whether the line stands in a sequence: the first one above that is not deeper is an item. */
function inSequence(text: string, line: Line): boolean {
  const lines = text.split('\n');
  const depth = (row: string): number => row.search(/\S/);
  const own = depth(lines[line] ?? '');
  for (const row of lines.slice(0, line).reverse())
    if (depth(row) >= 0 && depth(row) <= own) return /^\s*-(\s|$)/.test(row);
  return false;
}

/** The message for what JSON cannot be made of. */
export function conversionFault(text: string, message: string): string {
  if (message.startsWith('Converting circular')) return `anchor '${/\*(\S+)/.exec(text)?.[1]}' value contains itself`;
  const alias = /^Unresolved alias .*: (.*)$/.exec(message)?.[1];
  if (alias !== undefined) return `unknown anchor '${alias}' referenced`;
  if (message.startsWith('Merge sources')) return 'map merge requires map or sequence of maps as the value';
  return message;
}
