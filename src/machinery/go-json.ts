/** JSON texts as Go writes them. Upstream: encoding/json. */

const ESCAPED = /[<>&\u2028\u2029]/g;

/** The text of a JSON value; what would mean something in HTML is escaped. */
export function goJson(value: unknown): string {
  const text = JSON.stringify(value);
  return text.replace(ESCAPED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
