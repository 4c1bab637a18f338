import { describe, expect, it } from 'vitest';
import type { PolicyRule } from '../../../src/kinds/index.ts';
import { ruleAllows } from '../../../src/server/authz/index.ts';
import type { Attributes } from '../../../src/server/contract.ts';

const ask = (change: Partial<Attributes>): Attributes => ({
  user: { name: 'u', groups: [] },
  verb: 'get',
  isResource: true,
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'ns',
  name: '',
  path: '',
  ...change,
});

describe('a policy rule', () => {
  const rule = (change: PolicyRule): PolicyRule => ({
    verbs: ['get'],
    apiGroups: [''],
    resources: ['pods'],
    ...change,
  });
  const path = (nonResourceURLs: string[]): PolicyRule => ({ verbs: ['get'], nonResourceURLs });
  const cases: [string, PolicyRule, Partial<Attributes>, boolean][] = [
    ['covers what it names', rule({}), {}, true],
    ['covers no other verb', rule({}), { verb: 'list' }, false],
    ['covers no other group', rule({}), { group: 'apps' }, false],
    ['covers no subresource', rule({}), { subresource: 'log' }, false],
    ['covers a named subresource only', rule({ resources: ['pods/log'] }), {}, false],
    ['covers a named subresource', rule({ resources: ['pods/log'] }), { subresource: 'log' }, true],
    ['covers a subresource of every resource', rule({ resources: ['*/log'] }), { subresource: 'log' }, true],
    ['keeps that to the subresource', rule({ resources: ['*/log'] }), {}, false],
    [
      'covers all with stars',
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { subresource: 'exec', verb: 'x' },
      true,
    ],
    ['covers named objects', rule({ resourceNames: ['a'] }), { name: 'a' }, true],
    ['covers no unnamed request when it names objects', rule({ resourceNames: ['a'] }), {}, false],
    ['covers no path with resources', rule({}), { isResource: false, path: '/pods' }, false],
    ['covers a path', path(['/healthz']), { isResource: false, path: '/healthz' }, true],
    ['covers paths below a star', path(['/apis/*']), { isResource: false, path: '/apis/apps' }, true],
    ['covers not the path above a star', path(['/apis/*']), { isResource: false, path: '/apis' }, false],
    ['covers no star inside', path(['/a/*/b']), { isResource: false, path: '/a/x/b' }, false],
    ['covers no resource with paths', path(['*']), {}, false],
  ];
  it.each(cases)('%s', (_what, given, change, allowed) => {
    expect(ruleAllows(ask(change), given)).toBe(allowed);
  });
});
