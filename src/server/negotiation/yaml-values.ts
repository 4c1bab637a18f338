/** What scalars without quotes mean where nobody can doubt it. Upstream: go.yaml.in/yaml/v2 resolve.go. */

const NAMED: ReadonlyMap<string, string> = new Map([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, 'true'] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (word) => [word, 'false'] as const,
  ),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, 'null'] as const),
]);

/** Fifteen digits, which every reader of JSON keeps. */
const WHOLE = /^-?(?:0|[1-9]\d{0,14})$/;
const DECIMAL = /^-?(?:0|[1-9]\d{0,6})\.\d{1,7}$/;
const SPECIAL = /^[-+]?\.(?:inf|nan)$/i;
/** A text with a character that is in no number and no date. */
const NO_NUMBER = /[^\d\sa-fxotzA-FXOTZ_:.,+-]/;

/** JSON of a scalar; undefined where it may be a number or a date of another form. */
export function plainValue(text: string): string | undefined {
  const named = NAMED.get(text);
  if (named !== undefined) return named;
  if (text === '<<' || SPECIAL.test(text)) return undefined;
  const first = text.charCodeAt(0);
  const mayBeNumber = first === 0x2b || first === 0x2d || first === 0x2e || (first >= 0x30 && first <= 0x39);
  if (!mayBeNumber || NO_NUMBER.test(text)) return JSON.stringify(text);
  if (WHOLE.test(text)) return text === '-0' ? undefined : text;
  return DECIMAL.test(text) && Number(text) !== 0 ? String(Number(text)) : undefined;
}

/** Whether a key without quotes is a text, or a number that is written as a text would be. */
export function isPlainKey(key: string): boolean {
  if (key === '' || key === '<<') return false;
  const json = plainValue(key);
  return json !== undefined && (json.startsWith('"') || WHOLE.test(key));
}
