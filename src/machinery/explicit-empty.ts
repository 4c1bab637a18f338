/**
 * Remembers which lists and maps a client sent empty although they are stored as null: they mean the same, but who sent
 * one owns it. The memory goes with the object.
 */
const sent = new WeakMap<object, Map<string, unknown>>();

/** `field` of `object` is null and was sent as `value`. */
export function rememberEmpty(object: object, field: string, value: unknown): void {
  const fields = sent.get(object);
  if (fields) fields.set(field, value);
  else sent.set(object, new Map([[field, value]]));
}

/** What `field`, which is null, was sent as; null when it was not sent. */
export const sentEmpty = (object: object, field: string): unknown => sent.get(object)?.get(field) ?? null;
