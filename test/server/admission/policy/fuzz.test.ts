import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apply, jsonPatch, NS, policyCluster, rules } from './support.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
const names = ['object', 'oldObject', 'request', 'params', 'namespaceObject', 'variables', 'authorizer', 'x', 'Object'];
const fields = ['metadata', 'data', 'name', 'a', 'labels', 'size()', 'check("get")', 'spec', 'v'];
const operators = ['+', '-', '*', '/', '%', '==', '!=', '<', '&&', '||', 'in'];
const literals = [
  '1',
  '-1',
  '2u',
  '1.5',
  '"a"',
  'b"a"',
  'true',
  'null',
  '[]',
  '[1]',
  '{}',
  '{"a": 1}',
  '9223372036854775807',
];

const expression = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(...literals),
    fc.constantFrom(...names),
    fc.tuple(tie('tree'), fc.constantFrom(...fields)).map(([of, field]) => `${of}.${field}`),
    fc.tuple(tie('tree'), fc.constantFrom(...operators), tie('tree')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(tie('tree'), tie('tree')).map(([list, body]) => `${list}.all(x, ${body})`),
    fc.tuple(tie('tree'), tie('tree')).map(([of, index]) => `${of}[${index}]`),
    fc.tuple(tie('tree'), tie('tree'), tie('tree')).map(([a, b, c]) => `${a} ? ${b} : ${c}`),
    tie('tree').map((value) => `Object{data: ${value}}`),
    tie('tree').map((value) => `[JSONPatch{op: "add", path: "/data/k", value: ${value}}]`),
    fc.string({ maxLength: 12 }),
  ),
})).tree;

describe('policies with odd expressions', () => {
  it('are refused as invalid, or evaluated without a failure of the server', async () => {
    const cluster = await policyCluster();
    const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
    const check = async (source: string, index: number): Promise<void> => {
      const name = `p${index}`;
      const spec = {
        paramKind,
        matchConstraints: rules(),
        variables: [{ name: 'v', expression: source }],
        validations: [{ expression: `(${source}) == (${source})`, messageExpression: `string(${source})` }],
      };
      const made = await cluster.outcome(`POST ${GROUP}/validatingadmissionpolicies`, {
        body: { metadata: { name }, spec },
      });
      expect([201, 422]).toContain(made.status);
      const mutation = await cluster.outcome(`POST ${GROUP}/mutatingadmissionpolicies`, {
        body: {
          metadata: { name },
          spec: {
            matchConstraints: rules(),
            reinvocationPolicy: 'IfNeeded',
            mutations: [source.startsWith('[') ? jsonPatch(source) : apply(source)],
          },
        },
      });
      expect([201, 422]).toContain(mutation.status);
      for (const [kind, { status }] of Object.entries({ validating: made, mutating: mutation })) {
        if (status !== 201) continue;
        const binding = { policyName: name, ...(kind === 'validating' ? { validationActions: ['Deny'] } : {}) };
        const path = `${GROUP}/${kind}admissionpolicybindings`;
        await cluster.outcome(`POST ${path}`, { body: { metadata: { name }, spec: binding } });
        const metadata = { name: 'c', labels: { a: 'b' } };
        const written = await cluster.outcome(`POST ${NS}/configmaps?dryRun=All`, {
          body: { metadata, data: { a: '1' } },
        });
        // A mutation may make what is no ConfigMap; upstream calls that an internal error too.
        const isItsOwn = written.message.startsWith('Internal error occurred: json: cannot unmarshal');
        expect(written.status < 500 || isItsOwn, `${source}: ${written.message}`).toBe(true);
        await cluster.outcome(`DELETE ${path}/${name}`);
      }
    };
    let index = 0;
    await fc.assert(
      fc.asyncProperty(expression, (source) => check(source, index++)),
      { numRuns: 300, seed: 42 },
    );
  }, 60_000);
});
