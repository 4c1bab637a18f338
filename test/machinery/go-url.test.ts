import { describe, expect, it } from 'vitest';
import { parseGoUrl } from '../../src/machinery/go-url.ts';

describe('URLs as Go parses them', () => {
  it('have their parts', () => {
    expect(parseGoUrl('HTTPS://a:b@host:443/p/q?x=1#f')).toEqual({
      scheme: 'https',
      user: 'a:b',
      host: 'host:443',
      path: '/p/q',
      query: 'x=1',
      fragment: 'f',
    });
    expect(parseGoUrl('mailto:somebody')).toMatchObject({ scheme: 'mailto', host: '' });
    expect(parseGoUrl('/only/a/path')).toMatchObject({ scheme: '', host: '', path: '/only/a/path' });
    expect(parseGoUrl('https://[::1]:8443')).toMatchObject({ host: '[::1]:8443' });
  });

  it.each([
    ['::bad', 'parse "::bad": missing protocol scheme'],
    ['host:80/x y', undefined],
    ['1host:80', 'parse "1host:80": first path segment in URL cannot contain colon'],
    ['https://a b/', 'parse "https://a b/": invalid character " " in host name'],
    ['https://h:port/', 'parse "https://h:port/": invalid port ":port" after host'],
    ['https://[::1', 'parse "https://[::1": missing \']\' in host'],
    ['https://h/%zz', 'parse "https://h/%zz": invalid URL escape "%zz"'],
    ['https://h/\u0001', 'parse "https://h/\\x01": net/url: invalid control character in URL'],
    ['https://a^b@h/', 'parse "https://a^b@h/": net/url: invalid userinfo'],
  ])("%j is told from others by Go's words", (text, message) => {
    if (message === undefined) expect(() => parseGoUrl(text)).not.toThrow();
    else expect(() => parseGoUrl(text)).toThrow(new Error(message));
  });
});
