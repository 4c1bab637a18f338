/** YAML bodies as JSON text. Upstream: sigs.k8s.io/yaml. */
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
  type YAMLParseError,
} from 'yaml';
import { exactNumber, parseJson } from '../../machinery/exact-numbers.ts';
import { goSyntax, goText } from '../../machinery/go-value.ts';
import { quote } from '../../machinery/quote.ts';
import { plainYamlToJson } from './plain-yaml.ts';
import { conversionFault, faultBeforehand, faultText } from './yaml-faults.ts';

export type YamlBody = { json: string; duplicates: string[]; error?: undefined } | { error: string };

/** More aliases than any honest document has; each is a copy (CVE-2019-11253). */
const MAX_ALIASES = 100;

const LARGE = /^-?[1-9]\d{15,}$/;

/** Characters of the largest document that the full parser reads, which takes microseconds for each. */
const MAX_FULL = 128 * 1024;
/** How many times its size a document may have once aliases are copies. */
const MAX_GROWTH = 10;
/** The longest scalar that may be a number or a date. */
const MAX_UNCLEAR_SCALAR = 64;

/** Converts a YAML document; `duplicates` are keys set twice, of which the last counts. */
export function yamlToJson(text: string): YamlBody {
  if (isPlainJson(text)) return { json: text, duplicates: [] };
  const json = plainYamlToJson(text, readScalar);
  if (json !== undefined) return { json, duplicates: [] };
  if (text.length <= MAX_FULL) return readFully(text);
  const what = 'flaws, keys that repeat, tags, anchors or other rare forms';
  return { error: `yaml: a document with ${what} may not be longer than ${MAX_FULL} characters` };
}

function readScalar(text: string): string | undefined {
  if (text.length > MAX_UNCLEAR_SCALAR) return JSON.stringify(text);
  const read = readFully(text);
  return read.error === undefined ? read.json : undefined;
}

/** Reads all of YAML. */
function readFully(text: string): YamlBody {
  const lines = new LineCounter();
  const fault = faultBeforehand(text);
  if (fault !== undefined) return { error: fault };
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      uniqueKeys: false,
      version: '1.1',
      merge: true,
      logLevel: 'silent',
    });
    const [problem] = document.errors;
    if (problem) return { error: faultText(text, problem as YAMLParseError) };
    const duplicates: string[] = [];
    const badKeys: string[] = [];
    visit(document, {
      Scalar(_, scalar) {
        if (typeof scalar.value === 'number' && LARGE.test(scalar.source ?? ''))
          scalar.value = exactNumber(scalar.source as string);
      },
      Map(_, map) {
        const seen = new Set<unknown>();
        for (const pair of map.items) {
          const bad = badKey(pair, (offset) => lines.linePos(offset).line);
          if (bad !== undefined) badKeys.push(bad);
          if (!isScalar(pair.key)) continue;
          if (seen.has(pair.key.value)) {
            const { line } = lines.linePos(pair.key.range?.[0] ?? 0);
            duplicates.push(`line ${line}: key ${quote(String(pair.key.value))} already set in map`);
          }
          seen.add(pair.key.value);
        }
      },
    });
    if (badKeys[0] !== undefined) return { error: badKeys[0] };
    const value: unknown = document.contents === null ? {} : document.toJS({ maxAliasCount: MAX_ALIASES });
    const json = JSON.stringify(isMap(document.contents) ? value : (value ?? null));
    if (json.length > MAX_GROWTH * (text.length + 1_000))
      return { error: 'yaml: document contains excessive aliasing' };
    return { json, duplicates };
  } catch (error) {
    return { error: `yaml: ${conversionFault(text, (error as Error).message.split('\n')[0] ?? '')}` };
  }
}

/** Why a key cannot be one of JSON: it is missing, null, or no scalar. */
function badKey({ key, value }: Pair, lineOf: (offset: number) => number): string | undefined {
  if (isNode(key) && !isScalar(key) && !isAlias(key)) return `yaml: invalid map key: ${goSyntax(key.toJSON())}`;
  if (!isScalar(key) || key.value !== null) return undefined;
  // A colon without a key, unlike a key that is written as null.
  const [start = 0, end = 0] = key.range ?? [];
  if (start === end) {
    const line = lineOf(start) - 1;
    return line === 0 ? 'yaml: did not find expected key' : `yaml: line ${line}: did not find expected key`;
  }
  const shown: unknown = isNode(value) ? value.toJSON() : value;
  return `unsupported map key of type: %!s(<nil>), key: <nil>, value: ${typeof shown === 'string' ? quote(shown) : goText(shown)}`;
}

/**
 * Whether a text is JSON that means the same as YAML, as programs send it: it prints to itself, so that it has no key
 * twice and no number that JavaScript cannot hold, and it merges no map.
 */
function isPlainJson(text: string): boolean {
  if (!text.startsWith('{') || text.includes('"<<"')) return false;
  try {
    return JSON.stringify(parseJson(text)) === text.trimEnd();
  } catch {
    return false;
  }
}
