import { CelFault } from '../values.ts';

export interface Regex {
  test(text: string): boolean;
}

export function compileRegex(pattern: string): Regex {
  try {
    return new RegExp(pattern, 'u');
  } catch (error) {
    throw new CelFault(String(error));
  }
}
