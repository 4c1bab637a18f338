/** Lists, sets and maps of bounded size. Upstream: resource/validation validateSlice, validateSet, validateMap. */
import type { FieldError } from '../../../machinery/status.ts';
import { duplicateError, tooManyError } from '../../../machinery/validation/index.ts';

type List<T> = readonly T[] | null | undefined;

/** The findings of every item; of a list that is too long only that. */
export function validateList<T>(
  list: List<T>,
  path: string,
  { max, item }: { max: number; item: (value: T, path: string) => FieldError[] },
): FieldError[] {
  const items = list ?? [];
  if (items.length > max) return [tooManyError(path, items.length, max)];
  return items.flatMap((value, index) => item(value, `${path}[${index}]`));
}

/** `validateList` for items whose keys differ; `shown` is the key as messages show it. */
export function validateSet<T>(
  list: List<T>,
  path: string,
  rules: { max: number; item: (value: T, path: string) => FieldError[]; key: (value: T) => unknown },
): FieldError[] {
  const errors = validateList(list, path, rules);
  const items = list ?? [];
  if (items.length > rules.max) return errors;
  const seen = new Set<string>();
  for (const [index, value] of items.entries()) {
    const key = rules.key(value);
    const text = JSON.stringify(key);
    if (seen.has(text)) errors.push(duplicateError(`${path}[${index}]`, key));
    seen.add(text);
  }
  return errors;
}

const MIN_SHOWN = 16;

/** Long keys are shown without their middle. */
function shorten(key: string, max: number): string {
  const length = Math.max(max, MIN_SHOWN);
  if (key.length <= length) return key;
  const rest = length - 3;
  return `${key.slice(0, Math.floor((rest + 1) / 2))}...${key.slice(key.length - Math.floor(rest / 2))}`;
}

/** The findings of every key, which are about the map as a whole, and of every value. */
export function validateMap<T>(
  map: Readonly<Record<string, T>> | null | undefined,
  path: string,
  rules: {
    max: number;
    keyLength: number;
    key: (key: string, path: string) => FieldError[];
    item: (value: T, path: string) => FieldError[];
  },
): FieldError[] {
  const entries = Object.entries(map ?? {});
  if (entries.length > rules.max) return [tooManyError(path, entries.length, rules.max)];
  return entries.flatMap(([key, value]) => {
    const at = `${path}[${shorten(key, rules.keyLength)}]`;
    return [...rules.key(key, path), ...rules.item(value, at)];
  });
}
