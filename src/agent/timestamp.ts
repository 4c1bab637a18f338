/** Milliseconds of a time of the API; undefined for none. */
export const parseTimestamp = (text: string | null | undefined): number | undefined =>
  text ? Date.parse(text) : undefined;
