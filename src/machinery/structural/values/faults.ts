/** What is wrong with a value, and how far it fits. Upstream: kube-openapi/validation/{errors,validate/result.go}. */
import type { FieldError } from '../../status.ts';
import { requiredError, tooLongError, tooManyError } from '../../validation/index.ts';
import { invalidValue, NO_PATH, sortedJson, typeInvalid, unsupportedValue } from '../field-errors.ts';
import { child } from '../schema-node.ts';

/** One violation. `text` tells it from others; `path` is absent where upstream's error names none. */
export interface Fault {
  readonly text: string;
  readonly path?: string;
  readonly kind: 'plain' | 'invalid' | 'type' | 'required' | 'enum' | 'tooLong' | 'tooMany';
  readonly value?: unknown;
  readonly supported?: readonly unknown[];
  readonly max?: number;
}

/** The faults of a value, each once, and how many checks it passed: alternatives are told apart by it. */
export class Result {
  #faults: Map<string, Fault> | undefined;
  matches = 0;

  get valid(): boolean {
    return this.#faults === undefined;
  }

  get faults(): Iterable<Fault> {
    return this.#faults === undefined ? [] : this.#faults.values();
  }

  add(fault: Fault): void {
    this.#faults ??= new Map();
    if (!this.#faults.has(fault.text)) this.#faults.set(fault.text, fault);
  }

  merge(other: Result): void {
    if (!other.valid) for (const fault of other.faults) this.add(fault);
    this.matches += other.matches;
  }

  /** The same without its faults, which do not count. */
  forgiven(): Result {
    const out = new Result();
    out.matches = this.matches;
    return out;
  }
}

/** Messages of this many characters together are enough; an object can break a long rule at a million places. */
const MAX_TEXT = 4 * 1024 * 1024;

/** Faults as field errors below `root`. Upstream: kubeOpenAPIResultToFieldErrors. */
export function fieldErrorsOf(result: Result, root: string): FieldError[] {
  const errors: FieldError[] = [];
  let left = MAX_TEXT;
  for (const fault of result.faults) {
    const error = fieldErrorOf(fault, root);
    errors.push(error);
    left -= error.message.length + error.field.length;
    if (left < 0) break;
  }
  return errors;
}

function fieldErrorOf(fault: Fault, root: string): FieldError {
  const name = fault.path?.replace(/^\./, '') ?? '';
  const path = name === '' ? root : child(root, name);
  const field = path === '' ? NO_PATH : path;
  switch (fault.kind) {
    case 'required':
      return requiredError(field);
    case 'enum':
      return unsupportedValue(field, fault.value, (fault.supported ?? []).map(supportedText));
    case 'tooLong':
      return tooLongError(field, fault.max ?? -1);
    case 'tooMany':
      return tooManyError(field, fault.value as number, fault.max ?? -1);
    case 'type':
      return typeInvalid(field, fault.value ?? '', fault.text);
    case 'invalid':
      return invalidValue(field, fault.value ?? '', fault.text);
    case 'plain':
      return invalidValue(root, '', fault.text);
  }
}

const supportedText = (value: unknown): string => (typeof value === 'string' ? value : sortedJson(value));
