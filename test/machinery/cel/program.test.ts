import { describe, expect, it, vi } from 'vitest';
import {
  type CelAuthorizationAttributes,
  type CelCompileOptions,
  CelFault,
  CelLazyObject,
  CelObject,
  type CelProgram,
  type CelType,
  celTypeOfSchema,
  compileCel,
  dynType,
  escapeName,
  hostOf,
  intType,
  maxCardinality,
  stringType,
  toJson,
} from '../../../src/machinery/cel/index.ts';

const self = { name: 'self', type: dynType };

function programOf(text: string, options: Partial<CelCompileOptions> = {}): CelProgram {
  const compiled = compileCel(text, { variables: [self], ...options });
  if (!compiled.ok) throw new Error(compiled.error.message);
  return compiled.program;
}

const errorOf = (text: string, options: Partial<CelCompileOptions> = {}) => {
  const compiled = compileCel(text, { variables: [self], ...options });
  return compiled.ok ? undefined : compiled.error;
};

const resultOf = (text: string, value: unknown = {}) => {
  const result = programOf(text).evaluate({ self: value });
  return result.ok ? result.value : result.error.message;
};

describe('compileCel', () => {
  it('says which variables an expression mentions', () => {
    const program = programOf('self.a.all(x, x == other)', { variables: [self, { name: 'other', type: intType }] });
    expect([...program.uses]).toEqual(['self', 'other']);
  });

  it('holds the result to the expected types exactly', () => {
    expect(errorOf('1', { expects: [stringType] })).toMatchObject({
      kind: 'result',
      message: 'must evaluate to string but got int',
    });
    expect(errorOf('self.a', { expects: [stringType, intType] })?.message).toBe(
      'must evaluate to one of [string int] but got dyn',
    );
    expect(errorOf('[1]', { expects: [dynType] })).toBeUndefined();
  });

  it('tells apart where it failed', () => {
    expect(errorOf('1 +')?.kind).toBe('syntax');
    expect(errorOf('1 + true')?.kind).toBe('type');
    expect(errorOf("int('x')")).toMatchObject({
      kind: 'program',
      message: "type conversion error from 'string' to 'int'",
    });
  });

  it('places issues by line and code point', () => {
    expect(errorOf("'é😀' ==\n  foo")?.issues).toEqual([
      { line: 2, column: 2, message: "undeclared reference to 'foo' (in container '')" },
    ]);
  });

  it('binds names only where the environment has that', () => {
    expect(errorOf('cel.bind(x, 1, x)')?.message).toContain("undeclared reference to 'cel'");
    expect(programOf('cel.bind(x, 1, x + x)', { bindings: true }).evaluate({})).toMatchObject({ value: 2 });
  });

  it('takes functions of the caller', () => {
    const call = ([text]: readonly unknown[]) => {
      if (text === '') throw new CelFault('empty');
      return `<${text}>`;
    };
    const functions = [{ name: 'tag', overload: 'tag_string', args: [stringType], result: stringType, call }];
    expect(programOf("tag('a')", { functions }).evaluate({})).toMatchObject({ value: '<a>' });
    expect(programOf("tag('')", { functions }).evaluate({})).toMatchObject({ error: { message: 'empty' } });
    expect(errorOf('tag(1)', { functions })?.message).toContain("found no matching overload for 'tag'");
  });
});

describe('evaluate', () => {
  it('stops at its limit, which nothing absorbs', () => {
    const program = programOf('true || false || self.a.all(x, x > 0)');
    expect(program.evaluate({ self: { a: [1, 2, 3] } })).toMatchObject({ ok: true });
    const loop = programOf('self.a.all(x, x > 0) || true');
    expect(loop.evaluate({ self: { a: [1, 2, 3, 4, 5] } }, { limit: 10 })).toMatchObject({
      ok: false,
      error: { message: 'operation cancelled: actual cost limit exceeded', limit: true },
    });
  });

  it('computes fields of lazy objects when they are read, and lets their faults be absorbed', () => {
    const get = vi.fn((key: string) => {
      if (key === 'bad') throw new CelFault('no value');
      return 5;
    });
    class Lazy extends CelLazyObject {
      has(key: string): boolean {
        return key !== 'missing';
      }
      get(key: string): unknown {
        return get(key);
      }
    }
    const run = (text: string) => programOf(text).evaluate({ self: new Lazy() });
    expect(run('self.a + self.b')).toMatchObject({ value: 10 });
    expect(get).toHaveBeenCalledTimes(2);
    expect(run('self.bad == 1 || true')).toMatchObject({ value: true });
    expect(run('self.bad')).toMatchObject({ error: { message: 'no value' } });
    expect(run('self.missing')).toMatchObject({ error: { message: 'no such key: missing' } });
  });

  it('keeps integers exact beyond what a double holds', () => {
    expect(resultOf('9007199254740993 + 2')).toBe(9007199254740995n);
    expect(resultOf('9007199254740993 - 9007199254740992')).toBe(1);
    expect(resultOf('9223372036854775807 + 1')).toBe('integer overflow');
    expect(resultOf('3037000500 * 3037000500')).toBe('integer overflow');
    expect(resultOf('self.x * 2', { x: 4503599627370497 })).toBe(9007199254740994n);
  });

  it('reads nothing that JSON does not own', () => {
    expect(resultOf('self.constructor')).toBe('no such key: constructor');
    expect(resultOf("'__proto__' in self")).toBe(false);
    expect(resultOf('has(self.toString)')).toBe(false);
  });
});

describe('an authorizer', () => {
  const variables = [
    { name: 'request', type: dynType },
    { name: 'authorizer', type: hostOf('kubernetes.authorization.Authorizer') },
    { name: 'authorizer.requestResource', type: hostOf('kubernetes.authorization.ResourceCheck') },
  ];
  const ask = async (text: string, allowed: (asked: CelAuthorizationAttributes) => boolean) => {
    const asked: CelAuthorizationAttributes[] = [];
    const authorize = async (attributes: CelAuthorizationAttributes) => {
      asked.push(attributes);
      return { allowed: allowed(attributes), reason: 'because' };
    };
    const request = { requestResource: { group: 'apps', resource: 'deployments' }, namespace: 'n', name: 'd' };
    const program = programOf(text, { variables });
    expect(program.authorizes).toBe(true);
    return { result: await program.evaluateAsync({ request }, { authorize }), asked };
  };

  it('is asked what the expression builds', async () => {
    const text =
      "authorizer.group('').resource('pods').subresource('log').namespace('a').name('b').check('get').allowed()";
    const { result, asked } = await ask(text, () => true);
    expect(result).toMatchObject({ value: true, cost: 350_007 });
    expect(asked).toEqual([
      { group: '', resource: 'pods', subresource: 'log', namespace: 'a', name: 'b', verb: 'get' },
    ]);
  });

  it('is asked about the resource of the request and other users', async () => {
    const text =
      "authorizer.requestResource.check('patch').allowed() || authorizer.serviceAccount('s', 'a').path('/x').check('get').allowed()";
    const { result, asked } = await ask(text, ({ path }) => path === '/x');
    expect(result).toMatchObject({ value: true });
    expect(asked).toEqual([
      { group: 'apps', resource: 'deployments', subresource: '', namespace: 'n', name: 'd', verb: 'patch' },
      { serviceAccount: { namespace: 's', name: 'a' }, path: '/x', verb: 'get' },
    ]);
  });

  it('is asked at most twice', async () => {
    const checks = ['/a', '/b', '/c'].map((path) => `authorizer.path('${path}').check('get').allowed()`);
    const { result, asked } = await ask(checks.join(' || '), () => false);
    expect(result).toMatchObject({ ok: false, error: { limit: true } });
    expect(asked).toHaveLength(2);
  });

  it('answers inside variables that are read on the way', async () => {
    const inner = programOf("authorizer.path('/inner').check('get').allowed()", { variables });
    class Variables extends CelLazyObject {
      has(): boolean {
        return true;
      }
      get(): unknown {
        const result = inner.evaluate({});
        if (!result.ok) throw new CelFault(result.error.message);
        return result.value;
      }
    }
    const outer = programOf("self.v && authorizer.path('/outer').check('get').allowed()", {
      variables: [self, ...variables],
    });
    const authorize = async () => ({ allowed: true });
    expect(await outer.evaluateAsync({ self: new Variables() }, { authorize })).toMatchObject({ value: true });
  });
});

describe('values made for patches', () => {
  it('become JSON', () => {
    const text =
      "Object{spec: Object.spec{a: [2.5, 3.0], ?b: optional.none(), n: null, c: {'k': b'hi'}, d: duration('90s')}}";
    const result = programOf(text, { jsonPatch: true }).evaluate({});
    const value = result.ok ? result.value : undefined;
    expect(value).toBeInstanceOf(CelObject);
    expect(toJson(value)).toEqual({ spec: { a: [2.5, 3], n: null, c: { k: 'aGk=' }, d: '90s' } });
  });
});

describe('types of schemas', () => {
  it('escape what expressions cannot name', () => {
    expect(['a-b', 'a.b', 'a/b', 'a__b', 'in', 'namespace', 'ok', '1a', 'é', ''].map(escapeName)).toEqual([
      'a__dash__b',
      'a__dot__b',
      'a__slash__b',
      'a__underscores__b',
      '__in__',
      '__namespace__',
      'ok',
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('know how many values fit into a request', () => {
    const type = celTypeOfSchema({
      type: 'object',
      required: ['ab'],
      properties: { ab: { type: 'string' } },
    }) as CelType;
    expect(maxCardinality(type)).toBe(Math.floor((3 * 1024 * 1024) / 11));
  });

  it('hide what has no type', () => {
    expect(celTypeOfSchema({})).toBeUndefined();
    expect(celTypeOfSchema({ type: 'array' })).toBeUndefined();
    const type = celTypeOfSchema({ type: 'object', properties: { a: {}, b: { type: 'integer' } } }) as CelType;
    expect([...(type.fields?.().keys() ?? [])]).toEqual(['b']);
  });
});
