import { describe, expect, test } from 'vitest';
import { compilePolicy, parsePolicy } from '../../../src/server/audit/index.ts';
import type { Attributes } from '../../../src/server/contract.ts';

const BASE = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy' };

const attributes = (over: Partial<Attributes> = {}): Attributes => ({
  user: { name: 'tim', groups: ['devs'] },
  ...{ verb: 'get', isResource: true, group: '', version: 'v1', resource: 'pods', subresource: '' },
  ...{ namespace: 'default', name: 'busybox', path: '/api/v1/namespaces/default/pods/busybox' },
  ...over,
});
const path = (url: string): Partial<Attributes> => ({ isResource: false, resource: '', namespace: '', path: url });

const levelOf = (rule: object, over: Partial<Attributes> = {}): string =>
  compilePolicy(parsePolicy({ ...BASE, rules: [{ level: 'Metadata', ...rule }] })).decide(attributes(over)).level;

describe('rules', () => {
  test.each([
    [{}, {}, true],
    [{ users: ['tim', 'tom'] }, {}, true],
    [{ users: ['tom'] }, {}, false],
    [{ userGroups: ['ops', 'devs'] }, {}, true],
    [{ userGroups: ['ops'] }, {}, false],
    [{ verbs: ['get'] }, {}, true],
    [{ verbs: ['list'] }, {}, false],
    [{ namespaces: ['default'] }, {}, true],
    [{ namespaces: [''] }, {}, false],
    [{ namespaces: [''] }, { namespace: '', resource: 'nodes' }, true],
    [{ namespaces: ['default'] }, path('/version'), false],
    [{ resources: [{ group: '' }] }, {}, true],
    [{ resources: [{ group: 'apps' }] }, {}, false],
    [{ resources: [{ group: '*', resources: ['pods'] }] }, {}, true],
    [{ resources: [{ resources: ['pods'] }] }, { subresource: 'log' }, false],
    [{ resources: [{ resources: ['pods/log'] }] }, { subresource: 'log' }, true],
    [{ resources: [{ resources: ['pods/*'] }] }, { subresource: 'log' }, true],
    [{ resources: [{ resources: ['*/log'] }] }, { subresource: 'log' }, true],
    [{ resources: [{ resources: ['*/log'] }] }, {}, false],
    [{ resources: [{ resources: ['*'] }] }, { subresource: 'log' }, true],
    [{ resources: [{ resources: ['pods'], resourceNames: ['busybox'] }] }, {}, true],
    [{ resources: [{ resources: ['pods'], resourceNames: ['other'] }] }, {}, false],
    [{ nonResourceURLs: ['/healthz*'] }, path('/healthz/ping'), true],
    [{ nonResourceURLs: ['/healthz'] }, path('/healthz/ping'), false],
    [{ nonResourceURLs: ['*'] }, path('/version'), true],
    [{ nonResourceURLs: ['*'] }, {}, false],
  ])('%j on %j: %j', (rule, over, expected) => {
    expect(levelOf(rule, over)).toBe(expected ? 'Metadata' : 'None');
  });

  test('the first one that matches decides, with the stages that it and the policy omit', () => {
    const evaluator = compilePolicy(
      parsePolicy({
        ...BASE,
        omitStages: ['RequestReceived'],
        omitManagedFields: true,
        rules: [
          { level: 'None', verbs: ['watch'] },
          { level: 'Request', verbs: ['get'], omitStages: ['Panic'], omitManagedFields: false },
          { level: 'Metadata' },
        ],
      }),
    );
    expect(evaluator.decide(attributes({ verb: 'watch' })).level).toBe('None');
    const get = evaluator.decide(attributes());
    expect([get.level, [...get.omitStages], get.omitManagedFields]).toEqual([
      ...['Request', ['RequestReceived', 'Panic'], false],
    ]);
    const list = evaluator.decide(attributes({ verb: 'list' }));
    expect([list.level, [...list.omitStages], list.omitManagedFields]).toEqual(['Metadata', ['RequestReceived'], true]);
  });
});

describe('a wrong policy', () => {
  test.each([
    [{ ...BASE }, 'loaded illegal policy with 0 rules'],
    [
      { ...BASE, apiVersion: 'audit.k8s.io/v2', rules: [] },
      'no kind "Policy" is registered for version "audit.k8s.io/v2"',
    ],
    [{ ...BASE, rules: [{}] }, 'rules[0].level: Required value'],
    [{ ...BASE, rules: [{ level: 'None', verb: [] }] }, 'strict decoding error: unknown field "rules[0].verb"'],
    [{ ...BASE, rules: [{ level: 'None', users: 'tim' }] }, 'json: cannot unmarshal string into field rules[0].users'],
    [
      { ...BASE, rules: [{ level: 'None', nonResourceURLs: ['healthz', '/a*b'] }] },
      `[rules[0].nonResourceURLs[0]: Invalid value: "healthz": non-resource URL rules must begin with a '/' character, rules[0].nonResourceURLs[1]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the final character of the rule]`,
    ],
    [
      { ...BASE, rules: [{ level: 'None', nonResourceURLs: ['/a'], namespaces: ['b'] }] },
      'rules[0].nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-resource URLs',
    ],
    [
      { ...BASE, rules: [{ level: 'None', resources: [{ group: 'apps/v1', resourceNames: ['x'] }] }] },
      'rules[0].resources.resourceNames: Invalid value: ["x"]: using resourceNames requires at least one resource',
    ],
    [
      { ...BASE, omitStages: ['Never'], rules: [{ level: 'None' }] },
      'omitStages[0]: Invalid value: "Never": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
    ],
  ])('%j', (document, message) => {
    expect(() => parsePolicy(document)).toThrow(message);
  });
});
