import { describe, expect, it } from 'vitest';
import type { FieldError } from '../../../src/machinery/status.ts';
import {
  type MetaRules,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '../../../src/machinery/validation/index.ts';

const rules: MetaRules = { namespaced: true, nameRule: 'dns1123Subdomain' };
const lines = (errors: FieldError[]): string[] => errors.map((error) => `${error.field}: ${error.message}`);
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

describe('validateObjectMeta', () => {
  it('accepts a plain name, and a generated one with its dash', () => {
    expect(validateObjectMeta({ name: 'a.b-c', namespace: 'n', generateName: 'a-' }, rules)).toEqual([]);
  });

  it('asks for a name', () => {
    expect(lines(validateObjectMeta({ namespace: 'n' }, rules))).toEqual([
      'metadata.name: Required value: name or generateName is required',
    ]);
  });

  it('says what a name must look like', () => {
    expect(lines(validateObjectMeta({ name: 'Bad_', namespace: 'n' }, rules))).toEqual([
      "metadata.name: Invalid value: \"Bad_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ]);
    const label: MetaRules = { ...rules, namespaced: false, nameRule: 'dns1123Label' };
    expect(lines(validateObjectMeta({ name: 'a.b' }, label))).toEqual([
      'metadata.name: Invalid value: "a.b": must not contain dots',
    ]);
    expect(lines(validateObjectMeta({ name: 'a/b' }, { ...label, nameRule: 'pathSegment' }))).toEqual([
      'metadata.name: Invalid value: "a/b": may not contain \'/\'',
    ]);
  });

  it('checks labels, annotations and finalizers', () => {
    const meta = {
      name: 'a',
      namespace: 'n',
      labels: { 'bad key!': 'c d' },
      annotations: { 'x y': '' },
      finalizers: ['a b', 'plain', 'e.com/x'],
    };
    expect(lines(validateObjectMeta(meta, rules))).toEqual([
      `metadata.labels: Invalid value: "bad key!": ${NAME_PART}`,
      "metadata.labels: Invalid value: \"c d\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      `metadata.annotations: Invalid value: "x y": ${NAME_PART}`,
      `metadata.finalizers: Invalid value: "a b": ${NAME_PART}`,
      'metadata.finalizers[0]: Invalid value: "a b": name is neither a standard finalizer name nor is it fully qualified',
      'metadata.finalizers[1]: Invalid value: "plain": name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });

  it('allows one controller among the owners', () => {
    const owner = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', name, uid: `u-${name}`, controller: true });
    const [line] = lines(
      validateObjectMeta({ name: 'a', namespace: 'n', ownerReferences: [owner('a'), owner('b')] }, rules),
    );
    expect(line).toContain(
      'Only one reference can have Controller set to true. Found "true" in references for Pod/a and Pod/b',
    );
  });

  it('bounds the annotations by bytes', () => {
    const annotations = { a: 'ä'.repeat(140_000) };
    expect(lines(validateObjectMeta({ name: 'a', namespace: 'n', annotations }, rules))).toEqual([
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ]);
  });
});

describe('validateObjectMetaUpdate', () => {
  it('refuses other identities and new finalizers while deleting', () => {
    const old = {
      name: 'a',
      namespace: 'n',
      uid: 'u',
      deletionTimestamp: '2026-01-01T00:00:00Z',
      finalizers: ['e.com/a'],
    };
    expect(lines(validateObjectMetaUpdate({ ...old, uid: 'x', finalizers: ['e.com/a', 'e.com/b'] }, old))).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"e.com/b"}',
      'metadata.uid: Invalid value: "x": field is immutable',
    ]);
  });
});
