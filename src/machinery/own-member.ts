/** Members of JSON objects by names that a client chose, which may be those that every object inherits. */

type Members = Readonly<Record<string, unknown>>;

/** The own member of that name; undefined where there is none. */
export function memberOf<T>(object: Readonly<Record<string, T>>, name: string): T | undefined {
  const value = object[name];
  // JSON holds no functions, and all that objects inherit are functions but for their prototype.
  if (typeof value !== 'function' && name !== '__proto__') return value;
  return Object.hasOwn(object as Members, name) ? value : undefined;
}

/** Sets an own member, whatever its name is. */
export function setMember<T>(object: Record<string, T>, name: string, value: NoInfer<T>): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
