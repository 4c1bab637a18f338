import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainUrl } from '../../src/base/plain-url.ts';

const piece = fc.constantFrom(
  '/',
  '//',
  '.',
  '..',
  'api',
  'v1',
  'A',
  '~',
  ':',
  '@',
  '%2e',
  '%2F',
  '\\',
  '?',
  'a=b',
  '&',
  '#',
  '+',
  ' ',
  'é',
  ';',
  "'",
);

describe('a plain URL', () => {
  it('has the parts that a parsed one has', () => {
    const rule = fc.property(
      fc.constantFrom('h', 'h:8', '127.0.0.1:6443', 'a-b.c'),
      fc.array(piece, { maxLength: 8 }),
      (host, rest) => {
        const text = `https://${host}/${rest.join('')}`;
        const plain = plainUrl(text);
        if (!plain) return;
        const url = new URL(text);
        expect([plain.hostname, plain.pathname]).toEqual([url.hostname, url.pathname]);
        expect([...new URLSearchParams(plain.search)]).toEqual([...url.searchParams]);
      },
    );
    fc.assert(rule, { numRuns: 3_000 });
  });

  it.each([
    'https://h/api/v1/namespaces/default/pods/web-1.a',
    'http://127.0.0.1:6443/',
    'https://h/api/v1/pods?watch=1&labelSelector=a%3Db',
    'https://h/apis/apps/v1/...',
  ])('%s is one', (text) => {
    expect(plainUrl(text)).toBeDefined();
  });

  it.each([
    'https://h/a/../b',
    'https://h/a%2Fb',
    'https://H/a',
    'https://u:p@h/a',
    'https://h/a/.',
    'https://[::1]/a',
    'https://h/a#b',
  ])('%s is none', (text) => {
    expect(plainUrl(text)).toBeUndefined();
  });
});
