import type { CelType } from '../contract.ts';
import type { Library } from '../declaration.ts';
import { standardLibrary } from './standard.ts';

/** What every environment offers. */
export function baseLibraries(): readonly Library[] {
  return [standardLibrary()];
}

/** The types of library values by their names in signatures. */
export function hostTypes(): ReadonlyMap<string, CelType> {
  return new Map();
}

export function jsonPatchLibrary(): Library {
  return {};
}
