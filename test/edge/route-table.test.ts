import { describe, expect, it } from 'vitest';
import { buildRouteTable, findRoute } from '../../src/edge/route-table.ts';
import type { Ingress, IngressClass } from '../../src/kinds/index.ts';

interface Spec {
  name: string;
  created?: string;
  class?: string;
  legacyClass?: string;
  fallback?: string;
  /** `HOST PATHTYPE PATH SERVICE`, with `-` for no host. */
  rules?: string[];
}

function ingress({ name, created = '2026-01-01T00:00:00Z', fallback, rules, ...rest }: Spec): Ingress {
  const backend = (service: string) => ({ service: { name: service, port: { number: 80 } } });
  return {
    metadata: {
      namespace: 'default',
      name,
      creationTimestamp: created,
      ...(rest.legacyClass ? { annotations: { 'kubernetes.io/ingress.class': rest.legacyClass } } : {}),
    },
    spec: {
      ...(rest.class ? { ingressClassName: rest.class } : {}),
      ...(fallback ? { defaultBackend: backend(fallback) } : {}),
      ...(rules
        ? {
            rules: rules.map((rule) => {
              const [host, pathType, path, service] = rule.split(' ') as [string, string, string, string];
              const paths = [{ path, pathType, backend: backend(service) }];
              return { ...(host === '-' ? {} : { host }), http: { paths } };
            }),
          }
        : {}),
    },
  };
}

function ingressClass(
  name: string,
  controller: string,
  isDefault = false,
  created = '2026-01-01T00:00:00Z',
): IngressClass {
  const annotations: Record<string, string> = isDefault
    ? { 'ingressclass.kubernetes.io/is-default-class': 'true' }
    : {};
  return { metadata: { name, annotations, creationTimestamp: created }, spec: { controller } };
}

/** The service that answers `HOST/PATH`. */
function ask(ingresses: Ingress[], target: string, classes: IngressClass[] = []): string | undefined {
  const url = new URL(`http://${target}`);
  return findRoute(buildRouteTable(ingresses, classes), url.hostname, url.pathname)?.backend.service?.name;
}

describe('paths', () => {
  // The table of the Kubernetes documentation, "Path types: examples".
  it.each([
    ['Prefix', '/', '/any/path', true],
    ['Exact', '/foo', '/foo', true],
    ['Exact', '/foo', '/bar', false],
    ['Exact', '/foo', '/foo/', false],
    ['Exact', '/foo/', '/foo', false],
    ['Prefix', '/foo', '/foo', true],
    ['Prefix', '/foo', '/foo/', true],
    ['Prefix', '/foo/', '/foo', true],
    ['Prefix', '/foo/', '/foo/', true],
    ['Prefix', '/aaa/bb', '/aaa/bbb', false],
    ['Prefix', '/aaa/bbb', '/aaa/bbb', true],
    ['Prefix', '/aaa/bbb/', '/aaa/bbb', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbb/', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbb/ccc', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbbxyz', false],
    ['ImplementationSpecific', '/foo', '/foo/bar', true],
    ['ImplementationSpecific', '', '/foo', true],
    ['Prefix', '/caf%C3%A9', '/café/menu', true],
    ['Prefix', '/Foo', '/foo', false],
  ])('%s %s and a request for %s: %s', (pathType, path, asked, matches) => {
    const rule = ingress({ name: 'a', rules: [`a.test ${pathType} ${path} svc`] });
    expect(ask([rule], `a.test${asked}`)).toBe(matches ? 'svc' : undefined);
  });

  it('prefer the longest prefix, and an exact path to any', () => {
    const rules = [
      'a.test Prefix / root',
      'a.test Prefix /aaa short',
      'a.test Prefix /aaa/bbb long',
      'a.test Exact /aaa/bbb exact',
    ];
    const all = [ingress({ name: 'a', rules })];
    expect(ask(all, 'a.test/')).toBe('root');
    expect(ask(all, 'a.test/aaa/ccc')).toBe('short');
    expect(ask(all, 'a.test/aaa/bbb/ccc')).toBe('long');
    expect(ask(all, 'a.test/aaa/bbb')).toBe('exact');
    expect(ask(all, 'a.test/aaa/bbb/')).toBe('long');
  });

  it('cannot be got around with dot segments', () => {
    const all = [ingress({ name: 'a', rules: ['a.test Prefix /public public', 'a.test Prefix / private'] })];
    expect(ask(all, 'a.test/public/../secret')).toBe('private');
    expect(ask(all, 'a.test/public/%2e%2e/secret')).toBe('private');
  });
});

describe('hosts', () => {
  const all = [
    ingress({
      name: 'a',
      rules: [
        '*.example.test Prefix / wild',
        'foo.example.test Prefix /only exact',
        'Upper.Example.test Prefix / upper',
        '- Prefix /any any',
      ],
    }),
  ];

  it('match exactly before by wildcard, and the wildcard stands for one label', () => {
    expect(ask(all, 'foo.example.test/only')).toBe('exact');
    expect(ask(all, 'bar.example.test/')).toBe('wild');
    expect(ask(all, 'a.b.example.test/')).toBeUndefined();
    expect(ask(all, 'example.test/')).toBeUndefined();
    expect(ask(all, 'upper.example.test/')).toBe('upper');
  });

  it('fall back to less specific rules where no path of theirs matches', () => {
    expect(ask(all, 'foo.example.test/other')).toBe('wild');
    expect(ask(all, 'elsewhere.test/any/thing')).toBe('any');
    expect(ask(all, 'elsewhere.test/')).toBeUndefined();
  });
});

describe('several Ingresses', () => {
  it('leave a route to the older one', () => {
    const older = ingress({ name: 'z', created: '2026-01-01T00:00:00Z', rules: ['a.test Prefix / older'] });
    const newer = ingress({ name: 'a', created: '2026-01-02T00:00:00Z', rules: ['a.test Prefix / newer'] });
    expect(ask([newer, older], 'a.test/')).toBe('older');
  });

  it('use the default backend of the host, then that of an Ingress without rules, then any', () => {
    const ruled = ingress({ name: 'a', rules: ['a.test Exact /x svc'], fallback: 'of-host' });
    const bare = ingress({ name: 'b', created: '2026-02-01T00:00:00Z', fallback: 'of-all' });
    expect(ask([ruled, bare], 'a.test/y')).toBe('of-host');
    expect(ask([ruled, bare], 'b.test/y')).toBe('of-all');
    expect(ask([ruled], 'b.test/y')).toBe('of-host');
    expect(ask([], 'b.test/y')).toBeUndefined();
  });
});

describe('classes', () => {
  const ours = ingressClass('kedge', 'kedge.dev/edge');
  const theirs = ingressClass('nginx', 'k8s.io/ingress-nginx');
  const rules = ['a.test Prefix / svc'];

  it.each<[string, Partial<Spec>, IngressClass[], boolean]>([
    ['none, and there is no class at all', {}, [], true],
    ['none, and no class is the default', {}, [ours, theirs], true],
    ['none, and the default is ours', {}, [ingressClass('kedge', 'kedge.dev/edge', true), theirs], true],
    ['none, and the default is not ours', {}, [ours, ingressClass('nginx', 'k8s.io/ingress-nginx', true)], false],
    [
      'none, and the newest default is not ours',
      {},
      [
        ingressClass('kedge', 'kedge.dev/edge', true),
        ingressClass('nginx', 'k8s.io/ingress-nginx', true, '2026-03-01T00:00:00Z'),
      ],
      false,
    ],
    ['one of ours', { class: 'kedge' }, [ours, theirs], true],
    ['one of ours under another name', { class: 'public' }, [ingressClass('public', 'kedge.dev/edge')], true],
    ['one of another controller', { class: 'nginx' }, [ours, theirs], false],
    ['one that is missing', { class: 'gone' }, [ours], false],
    ['one of ours by annotation', { legacyClass: 'kedge' }, [ours], true],
    ['another by annotation', { legacyClass: 'nginx' }, [ours], false],
  ])('an Ingress that names %s', (_what, spec, classes, served) => {
    expect(ask([ingress({ name: 'a', rules, ...spec })], 'a.test/', classes)).toBe(served ? 'svc' : undefined);
  });
});
