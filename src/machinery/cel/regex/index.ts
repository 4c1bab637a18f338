import { CelFault } from '../values.ts';

export interface Regex {
  test(text: string): boolean;
  find(text: string): string | undefined;
  findAll(text: string, limit: number): readonly string[];
}

export function compileRegex(pattern: string): Regex {
  try {
    const regex = new RegExp(pattern, 'u');
    return {
      test: (text) => regex.test(text),
      find: (text) => regex.exec(text)?.[0],
      findAll: (text, limit) =>
        [...text.matchAll(new RegExp(pattern, 'gu'))].map((found) => found[0]).slice(0, limit < 0 ? undefined : limit),
    };
  } catch (error) {
    throw new CelFault(String(error));
  }
}
