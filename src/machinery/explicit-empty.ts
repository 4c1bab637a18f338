/**
 * Remembers which lists and maps a client sent empty although their normal form is null or nothing: they mean the same,
 * but who sent one owns it, and a few rules ask for it. The memory goes with the decoded object.
 */
const sent = new WeakMap<object, Map<string, unknown>>();

/** `field` of `object` is null or absent and was sent as `value`. */
export function rememberEmpty(object: object, field: string, value: unknown): void {
  const fields = sent.get(object);
  if (fields) fields.set(field, value);
  else sent.set(object, new Map([[field, value]]));
}

/** What `field`, which is null or absent, was sent as; null when it was not sent. */
export const sentEmpty = (object: object, field: string): unknown => sent.get(object)?.get(field) ?? null;

/** Whether the client sent any such field in `value` or below it, and nothing has filled it since. */
export function hasSentEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const object = value as Record<string, unknown>;
  for (const field of sent.get(value)?.keys() ?? [])
    if (object[field] === undefined || object[field] === null) return true;
  return Object.values(value).some(hasSentEmpty);
}

/** Lets `copy`, a copy of `original`, share what is remembered of it. */
export function shareSentEmpty(original: unknown, copy: unknown): void {
  if (typeof original !== 'object' || original === null) return;
  const fields = sent.get(original);
  if (fields) sent.set(copy as object, fields);
  const copies = copy as Record<string, unknown>;
  for (const [key, item] of Object.entries(original)) shareSentEmpty(item, copies[key]);
}
