/** A URL whose parts can be cut out of its text, which costs a tenth of parsing it. */
export interface PlainUrl {
  hostname: string;
  pathname: string;
  /** With its question mark, or empty. */
  search: string;
}

const PLAIN = /^https?:\/\/([a-z\d.-]+)(?::\d+)?((?:\/(?!\.\.?(?:[/?]|$))[\w.~:@-]*)+)(\?[!"$-~]*)?$/;

/** The parts of `url` as `new URL` gives them; undefined where that would change, encode or refuse anything. */
export function plainUrl(url: string): PlainUrl | undefined {
  const parts = PLAIN.exec(url);
  return parts ? { hostname: parts[1]!, pathname: parts[2]!, search: parts[3] ?? '' } : undefined;
}
