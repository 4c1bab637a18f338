/** Rows as they are, from when they were read until they are written: an update reads what it is about to replace. */
import type { ObjectKey } from './contract.ts';

const MAX_ROWS = 64;
/** Longer rows are read again: few objects are that long. */
const MAX_CHARACTERS = 32_768;

const textOf = ({ resource, namespace, name }: ObjectKey): string => `${resource}/${namespace}/${name}`;

/** Holds for as long as every write of an object takes its row out first. */
export class ReadRows<Row extends { text: string }> {
  readonly #rows = new Map<string, Row>();

  keep(key: ObjectKey, row: Row): void {
    if (row.text.length > MAX_CHARACTERS) return;
    if (this.#rows.size >= MAX_ROWS) this.#rows.delete(this.#rows.keys().next().value!);
    this.#rows.set(textOf(key), row);
  }

  take(key: ObjectKey): Row | undefined {
    const text = textOf(key);
    const row = this.#rows.get(text);
    if (row !== undefined) this.#rows.delete(text);
    return row;
  }
}
