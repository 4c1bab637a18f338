/** The order of keys in YAML: as people count, with letters last. Upstream: go.yaml.in/yaml/v2 sorter.go. */

const LETTER = /\p{L}/u;
const DIGIT = /[0-9]/;
const DIGITS = /^[0-9]*/;

/** Negative, zero or positive as `a` comes before, with or after `b`. */
export function compareYamlKeys(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at++) {
    if (left[at] !== right[at]) return compareFrom(left, right, at);
  }
  return left.length - right.length;
}

/** By the first characters that differ, which stand at `at`. */
function compareFrom(left: readonly string[], right: readonly string[], at: number): number {
  const [a = '', b = ''] = [left[at], right[at]];
  const order = a.codePointAt(0)! - b.codePointAt(0)!;
  const [aLetter, bLetter] = [LETTER.test(a), LETTER.test(b)];
  if (aLetter && bLetter) return order;
  if (aLetter || bLetter) return bLetter ? -1 : 1;
  // A zero within a number is one of its digits; before a number it counts for nothing.
  const within = (a === '0' || b === '0') && followsNumber(left, at) ? '1' : '';
  const aDigits = digitsFrom(left, at);
  const bDigits = digitsFrom(right, at);
  const difference = BigInt(`${within}${aDigits}` || '0') - BigInt(`${within}${bDigits}` || '0');
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return aDigits.length - bDigits.length || order;
}

function followsNumber(text: readonly string[], at: number): boolean {
  for (let before = at - 1; before >= 0 && DIGIT.test(text[before] ?? ''); before--) {
    if (text[before] !== '0') return true;
  }
  return false;
}

const digitsFrom = (text: readonly string[], at: number): string => DIGITS.exec(text.slice(at).join(''))?.[0] ?? '';
