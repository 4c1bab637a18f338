import { describe, expect, it } from 'vitest';
import { warningHeaders } from '../../src/server/warnings.ts';

/** Decodes the words of RFC 2047 as clients do: white space between two of them means nothing. */
function decodeWords(text: string): string {
  const joined = text.replace(/\?= =\?utf-8\?q\?/g, '');
  const [, inner = ''] = /^=\?utf-8\?q\?(.*)\?=$/.exec(joined) ?? [];
  return decodeURIComponent(inner.replaceAll('=', '%'));
}

describe('warnings', () => {
  it('are quoted, and left out where they have control characters', () => {
    expect(warningHeaders(['unknown field "a\\b"', 'two\nlines'])).toEqual(['299 - "unknown field \\"a\\\\b\\""']);
  });

  it('carry text beyond ASCII in encoded words of at most 75 characters', () => {
    const text = `unknown field "spec.😀 日本語 ${'é'.repeat(60)}"`;
    const [header = ''] = warningHeaders([text]);
    expect(header).toMatch(/^[ -~]+$/);
    const inner = header.slice('299 - "'.length, -1);
    for (const word of inner.split(' ')) expect(word.length).toBeLessThanOrEqual(75);
    expect(decodeWords(inner)).toBe(text);
  });

  it('are cut short, and then left out, when there are too many', () => {
    const headers = warningHeaders(Array.from({ length: 30 }, (_, i) => `${i} ${'x'.repeat(400)}`));
    expect(headers).toHaveLength(16);
    for (const header of headers) expect(header.length).toBe('299 - ""'.length + 256);
  });
});
