import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validatingWebhookConfigurations } from '../../../src/kinds/index.ts';
import type { Kind } from '../../../src/machinery/kind.ts';
import type { KubeObject } from '../../../src/machinery/meta.ts';
import type { Status } from '../../../src/machinery/status.ts';
import { encodeObject } from '../../../src/server/encode.ts';
import { type Outbound, OutboundError } from '../../../src/server/outbound/index.ts';
import { createTestCluster, type TestCluster } from '../../support/cluster.ts';

interface Review {
  apiVersion: string;
  kind: string;
  request: {
    uid: string;
    name?: string;
    namespace?: string;
    operation: string;
    object: KubeObject | null;
    oldObject: KubeObject | null;
    options: KubeObject;
    dryRun: boolean;
    userInfo: object;
    [field: string]: unknown;
  };
}

type Answer = (review: Review, path: string) => unknown;

/** A cluster whose webhooks are functions of the test, by the path that they are called at. */
async function clusterWith(answers: Record<string, Answer>) {
  const reviews: { path: string; review: Review }[] = [];
  const outbound: Outbound = {
    async call(target, { request }) {
      const path = new URL('url' in target ? target.url : `https://s${target.service.path}`).pathname;
      const review = JSON.parse(String(request.body)) as Review;
      reviews.push({ path, review });
      const answer = await answers[path]?.(review, path);
      if (answer instanceof Response) return answer;
      if (answer === undefined)
        throw new OutboundError('unreachable', 'dial tcp 1.2.3.4:443: connect: connection refused');
      const { apiVersion, kind, request: asked } = review;
      return Response.json({ apiVersion, kind, response: { uid: asked.uid, ...(answer as object) } });
    },
  };
  const cluster = await createTestCluster({ outbound: () => outbound });
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'n', labels: { team: 'a' } } } });
  return { cluster, reviews };
}

const RULE = { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['*'] };

async function configure(cluster: TestCluster, sort: 'mutating' | 'validating', webhooks: object[], name = 'c') {
  const { status, text } = await cluster.send(
    `POST /apis/admissionregistration.k8s.io/v1/${sort}webhookconfigurations`,
    {
      body: {
        metadata: { name },
        webhooks: webhooks.map((webhook, index) => ({
          name: `w${index}.example.com`,
          clientConfig: { url: `https://hook.example.com/${index}` },
          rules: [RULE],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          ...webhook,
        })),
      },
    },
  );
  expect(status, text).toBe(201);
}

const at = (path: string) => ({ clientConfig: { url: `https://hook.example.com/${path}` } });
const MAPS = '/api/v1/namespaces/n/configmaps';
const map = (name = 'm', more: object = {}) => ({ body: { metadata: { name, ...more }, data: { a: '1' } } });
const patch = (operations: unknown) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: btoa(typeof operations === 'string' ? operations : JSON.stringify(operations)),
});
const append = (text: string) => (review: Review) =>
  patch([
    {
      op: 'add',
      path: '/data/a',
      value: `${(review.request.object as unknown as { data: { a: string } }).data.a}${text}`,
    },
  ]);

describe('a validating webhook', () => {
  it('is told of the request and may refuse it', async () => {
    const { cluster, reviews } = await clusterWith({
      '/0': () => ({ allowed: false, status: { message: 'no', code: 418 } }),
    });
    await configure(cluster, 'validating', [{}]);
    const as = { name: 'u', uid: '7', groups: ['system:masters'], extra: { k: ['v'] } };
    const { status, body } = await cluster.send<Status & KubeObject>(`POST ${MAPS}`, { ...map(), as });
    expect(status).toBe(418);
    expect(body.message).toBe('admission webhook "w0.example.com" denied the request: no');
    const [{ review }] = reviews as [(typeof reviews)[0]];
    expect(review).toMatchObject({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
    expect(review.request).toMatchObject({
      ...{ name: 'm', namespace: 'n', operation: 'CREATE', dryRun: false, oldObject: null },
      object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace: 'n' }, data: { a: '1' } },
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      requestResource: { group: '', version: 'v1', resource: 'configmaps' },
      userInfo: { username: 'u', uid: '7', groups: ['system:masters', 'system:authenticated'], extra: { k: ['v'] } },
    });
  });

  it('may refuse with a code that no answer has', async () => {
    const { cluster } = await clusterWith({ '/0': () => ({ allowed: false, status: { message: 'no', code: 999 } }) });
    await configure(cluster, 'validating', [{}]);
    const { status, body } = await cluster.send<Status & KubeObject>(`POST ${MAPS}`, map());
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: 999, message: 'admission webhook "w0.example.com" denied the request: no' });
  });

  it('is not asked about what configures webhooks, so that it can always be taken away', async () => {
    const { cluster, reviews } = await clusterWith({});
    await configure(cluster, 'validating', [
      { rules: [{ ...RULE, apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] },
    ]);
    expect((await cluster.send(`POST ${MAPS}`, map())).status).toBe(500);
    reviews.length = 0;
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/c';
    expect((await cluster.send(`DELETE ${path}`)).status).toBe(200);
    expect(reviews).toEqual([]);
    expect((await cluster.send(`POST ${MAPS}`, map())).status).toBe(201);
  });

  it('that cannot be reached is an error, or nothing where failures are ignored', async () => {
    const { cluster } = await clusterWith({});
    await configure(cluster, 'validating', [{ failurePolicy: 'Ignore', timeoutSeconds: 3 }], 'ignored');
    expect((await cluster.send(`POST ${MAPS}`, map())).status).toBe(201);
    await configure(cluster, 'validating', [{ timeoutSeconds: 3 }]);
    const { status, body } = await cluster.send<Status & KubeObject>(`POST ${MAPS}`, map('m2'));
    expect(status).toBe(500);
    expect(body.message).toBe(
      'Internal error occurred: failed calling webhook "w0.example.com": failed to call webhook: ' +
        'Post "https://hook.example.com/0?timeout=3s": dial tcp 1.2.3.4:443: connect: connection refused',
    );
  });

  it('with side effects fails dry runs, whatever its failure policy', async () => {
    const { cluster, reviews } = await clusterWith({ '/0': () => ({ allowed: true }) });
    await configure(cluster, 'validating', [{ failurePolicy: 'Ignore' }]);
    // Validation keeps such side effects out of new objects; those of old releases are stored.
    const { storedAs: resource } = validatingWebhookConfigurations;
    const key = { resource, namespace: '', name: 'c' };
    const { object } = await cluster.options.store.shardOf(resource).get(key);
    const old = JSON.parse(object!.text.replace('"sideEffects":"None"', '"sideEffects":"Some"')) as KubeObject;
    const encoded = encodeObject(validatingWebhookConfigurations as unknown as Kind, old);
    const result = await cluster.options.store
      .shardOf(resource)
      .transact({ id: 'x', ops: [{ type: 'update', key, object: encoded }] });
    expect(result.ok).toBe(true);
    cluster.clock.advance(2_000);
    const dry = await cluster.send<Status & KubeObject>(`POST ${MAPS}?dryRun=All`, map());
    expect(dry.status).toBe(400);
    expect(dry.body.message).toBe('admission webhook "w0.example.com" does not support dry run');
    expect(reviews).toEqual([]);
    expect((await cluster.send(`POST ${MAPS}`, map())).status).toBe(201);
  });

  it('runs beside the others: each is asked, the first that refuses is heard', async () => {
    const { cluster, reviews } = await clusterWith({
      '/0': () => ({ allowed: true, warnings: ['mind this'] }),
      '/1': () => ({ allowed: false }),
      '/2': () => ({ allowed: true }),
    });
    await configure(cluster, 'validating', [{}, {}, {}]);
    const { status, body, headers } = await cluster.send<Status & KubeObject>(`POST ${MAPS}`, map());
    expect(status).toBe(400);
    expect(body.message).toBe('admission webhook "w1.example.com" denied the request without explanation');
    expect(headers.get('warning')).toBe('299 - "mind this"');
    expect(reviews.map(({ path }) => path).sort()).toEqual(['/0', '/1', '/2']);
  });

  it('is chosen by namespace and by labels before or after the change', async () => {
    const { cluster, reviews } = await clusterWith({
      '/0': () => ({ allowed: true }),
      '/1': () => ({ allowed: true }),
    });
    await configure(cluster, 'validating', [
      { namespaceSelector: { matchLabels: { team: 'b' } } },
      { objectSelector: { matchLabels: { watched: 'yes' } }, namespaceSelector: { matchLabels: { team: 'a' } } },
    ]);
    await cluster.send(`POST ${MAPS}`, map());
    await cluster.send(`PATCH ${MAPS}/m`, { body: { metadata: { labels: { watched: 'yes' } } } });
    await cluster.send(`PATCH ${MAPS}/m`, { body: { metadata: { labels: { watched: null } } } });
    await cluster.send(`PATCH ${MAPS}/m`, { body: { data: { a: '2' } } });
    expect(reviews.map(({ path, review }) => [path, review.request.operation])).toEqual([
      ['/1', 'UPDATE'],
      ['/1', 'UPDATE'],
    ]);
    const [{ review }] = reviews as [(typeof reviews)[0]];
    expect(review.request.options).toEqual({ kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1' });
    expect(review.request.object?.metadata.resourceVersion).toBe(review.request.oldObject?.metadata.resourceVersion);
  });

  it('of the older review version may leave out what the newer one must have', async () => {
    const { cluster } = await clusterWith({
      '/0': (review) => Response.json({ response: { allowed: review.apiVersion === 'admission.k8s.io/v1beta1' } }),
    });
    await configure(cluster, 'validating', [{ admissionReviewVersions: ['v0', 'v1beta1', 'v1'] }]);
    expect((await cluster.send(`POST ${MAPS}`, map())).status).toBe(201);
  });
});

describe('a mutating webhook', () => {
  it('changes the object in the order of configurations and of their lists', async () => {
    const { cluster } = await clusterWith({ '/x': append('x'), '/y': append('y'), '/z': append('z') });
    await configure(cluster, 'mutating', [at('x'), at('z')], 'b');
    await configure(cluster, 'mutating', [at('y')], 'a');
    const { body } = await cluster.send(`POST ${MAPS}`, map());
    expect(body.data).toEqual({ a: '1yxz' });
  });

  it('is asked again after a later change where it asks for that, and only once', async () => {
    const { cluster, reviews } = await clusterWith({ '/0': append('0'), '/1': append('1') });
    await configure(cluster, 'mutating', [{ reinvocationPolicy: 'IfNeeded' }, {}]);
    const { body } = await cluster.send(`POST ${MAPS}`, map());
    expect(body.data).toEqual({ a: '1010' });
    expect(reviews.map(({ path }) => path)).toEqual(['/0', '/1', '/0']);
  });

  it('sees other versions of the object where its rules name them', async () => {
    const { cluster, reviews } = await clusterWith({
      '/0': () => patch([{ op: 'replace', path: '/note', value: 'changed' }]),
    });
    await configure(cluster, 'mutating', [
      { rules: [{ ...RULE, apiGroups: ['events.k8s.io'], resources: ['events'] }] },
    ]);
    const { body } = await cluster.send('POST /api/v1/namespaces/n/events', {
      body: { metadata: { name: 'e' }, involvedObject: { namespace: 'n' }, message: 'hello' },
    });
    expect(reviews[0]?.review.request).toMatchObject({
      kind: { group: 'events.k8s.io', version: 'v1', kind: 'Event' },
      requestKind: { group: '', version: 'v1', kind: 'Event' },
      object: { apiVersion: 'events.k8s.io/v1', note: 'hello' },
    });
    expect(body).toMatchObject({ apiVersion: 'v1', message: 'changed' });
  });

  it('gives defaults to what it adds, and the rest of the server sees its changes', async () => {
    const { cluster } = await clusterWith({
      '/0': () => patch([{ op: 'add', path: '/spec/containers/-', value: { name: 'side', image: 'i' } }]),
    });
    await configure(cluster, 'mutating', [{ rules: [{ ...RULE, resources: ['pods'] }] }]);
    await cluster.send('POST /api/v1/namespaces/n/serviceaccounts', { body: { metadata: { name: 'default' } } });
    const { body, text } = await cluster.send('POST /api/v1/namespaces/n/pods', {
      body: { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    });
    expect((body.spec as { containers: object[] }).containers?.[1], text).toMatchObject({
      name: 'side',
      terminationMessagePath: '/dev/termination-log',
    });
  });

  it('cannot forge what only the server says of a new object', async () => {
    const { cluster } = await clusterWith({
      '/0': () =>
        patch([
          { op: 'add', path: '/metadata/uid', value: 'forged' },
          { op: 'add', path: '/metadata/labels', value: { a: 'b' } },
        ]),
    });
    await configure(cluster, 'mutating', [{}]);
    const { body } = await cluster.send(`POST ${MAPS}`, map());
    expect(body.metadata.labels).toEqual({ a: 'b' });
    expect(body.metadata.uid).not.toBe('forged');
  });

  it('cannot leave managers behind that nobody can read', async () => {
    const { cluster } = await clusterWith({
      '/0': () => patch([{ op: 'replace', path: '/metadata/managedFields/0/operation', value: 'Steal' }]),
    });
    await configure(cluster, 'mutating', [{}]);
    const { body, headers } = await cluster.send(`POST ${MAPS}`, map());
    expect(body.metadata.managedFields).toMatchObject([{ manager: 'test', operation: 'Update' }]);
    expect(headers.get('warning')).toContain('please fix your requests: operation must be `Apply` or `Update`');
  });

  it('is asked again when it is overloaded and says when', async () => {
    let busy = 2;
    const { cluster, reviews } = await clusterWith({
      '/0': () => {
        if (busy-- <= 0) return { allowed: true };
        queueMicrotask(() => setImmediate(() => cluster.clock.advance(2_000)));
        return new Response('', { status: 503, headers: { 'retry-after': '1' } });
      },
    });
    await configure(cluster, 'mutating', [{}]);
    expect((await cluster.send(`POST ${MAPS}`, map())).status).toBe(201);
    expect(reviews).toHaveLength(3);
    busy = 100;
    const { body } = await cluster.send<Status & KubeObject>(`POST ${MAPS}`, map('m2'));
    expect(body.message).toContain('failed to call webhook: the server is currently unable to handle the request');
    expect(reviews.length).toBeLessThan(20);
  });

  it('is not trusted by a bundle that holds no certificate', async () => {
    const { cluster, reviews } = await clusterWith({ '/0': () => ({ allowed: true }) });
    await configure(cluster, 'mutating', [
      { clientConfig: { url: 'https://hook.example.com/0', caBundle: btoa('no certificate') } },
    ]);
    const { body } = await cluster.send<Status & KubeObject>(`POST ${MAPS}`, map());
    expect(body.message).toContain('could not get REST client: unable to load root certificates');
    expect(reviews).toEqual([]);
  });

  it('has no more time than the request has', async () => {
    let late = () => undefined as unknown;
    const { cluster, reviews } = await clusterWith({ '/0': () => late(), '/1': () => late(), '/2': () => late() });
    late = () => {
      cluster.clock.advance(20_000);
      throw new OutboundError('timeout', 'context deadline exceeded');
    };
    const ignored = { failurePolicy: 'Ignore', timeoutSeconds: 20 };
    await configure(cluster, 'mutating', [ignored, ignored, ignored]);
    const { status, body } = await cluster.send<Status & KubeObject>(`POST ${MAPS}`, map());
    expect([status, body.message]).toEqual([504, 'Timeout: request did not complete within requested timeout']);
    expect(reviews.map(({ path }) => path)).toEqual(['/0', '/1']);
  });

  it.each([
    [
      'a patch without its type',
      { allowed: true, patch: btoa('[]') },
      'received invalid webhook response: webhook returned response.patch but not response.patchType',
    ],
    [
      'a type without a patch',
      { allowed: true, patchType: 'JSONPatch' },
      'received invalid webhook response: webhook returned response.patchType but not response.patch',
    ],
    [
      'another sort of patch',
      { ...patch([{ op: 'add', path: '/data/b', value: '' }]), patchType: 'Merge' },
      'unsupported patch type "Merge"',
    ],
    [
      'what is no patch',
      patch('{}'),
      'received undecodable patch in webhook response: json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    ],
    [
      'bytes that are no base64',
      { allowed: true, patchType: 'JSONPatch', patch: '***' },
      'failed to call webhook: illegal base64 data at input byte 0',
    ],
  ])('that answers %s fails by its failure policy', async (_, answer, why) => {
    const { cluster } = await clusterWith({ '/0': () => answer });
    await configure(cluster, 'mutating', [{}]);
    const { status, body } = await cluster.send<Status & KubeObject>(`POST ${MAPS}`, map());
    expect(status).toBe(500);
    expect(body.message).toBe(`Internal error occurred: failed calling webhook "w0.example.com": ${why}`);
  });
});

it('counts calls under the names of upstream', async () => {
  const { cluster } = await clusterWith({
    '/0': ({ request }) => ({ allowed: (request as { name?: string }).name !== 'no', status: { code: 999 } }),
  });
  const metrics = async (): Promise<string[]> =>
    (await (await cluster.fetch('GET /metrics')).text())
      .split('\n')
      .filter((line) => /^apiserver_admission_webhook/.test(line) && !/_(bucket|sum)\{/.test(line));
  expect(await metrics()).toEqual([]);
  await configure(cluster, 'validating', [{}]);
  for (const name of ['yes', 'no']) await cluster.send(`POST ${MAPS}`, map(name));
  await configure(cluster, 'mutating', [
    { failurePolicy: 'Ignore', clientConfig: { url: 'https://h.example.com/404' } },
  ]);
  await cluster.send(`POST ${MAPS}`, map('more'));
  const whose = 'name="w0.example.com",operation="CREATE"';
  expect(await metrics()).toEqual(
    [
      `admission_duration_seconds_count{${whose},rejected="false",type="validating"} 2`,
      `admission_duration_seconds_count{${whose},rejected="true",type="validating"} 1`,
      `admission_duration_seconds_count{${whose},rejected="false",type="admit"} 1`,
      'fail_open_count{name="w0.example.com",type="admit"} 1',
      `rejection_count{error_type="no_error",${whose},rejection_code="600",type="validating"} 1`,
      `request_total{code="200",${whose},rejected="false",type="validating"} 2`,
      `request_total{code="600",${whose},rejected="true",type="validating"} 1`,
      `request_total{code="503",${whose},rejected="false",type="admit"} 1`,
    ].map((line) => `apiserver_admission_webhook_${line}`),
  );
});

describe('whatever a webhook answers', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('', 'v1', 'AdmissionReview', 'admission.k8s.io/v1', 'JSONPatch', 'Success', 'Failure'),
  );
  const status = fc.record(
    {
      code: fc.oneof(fc.integer(), fc.string(), fc.constant(null)),
      message: fc.oneof(text, fc.integer()),
      reason: text,
      status: text,
      details: fc.oneof(fc.object(), fc.record({ retryAfterSeconds: fc.integer(), causes: fc.array(fc.object()) })),
      metadata: fc.anything(),
    },
    { requiredKeys: [] },
  );
  const path = fc.constantFrom(
    '',
    '/',
    '/data',
    '/data/a',
    '/metadata',
    '/metadata/name',
    '/metadata/labels',
    '/kind',
    '/apiVersion',
    '/none/x',
    'x',
  );
  const operation = fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'odd'),
      path,
      from: path,
      value: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const response = fc.record(
    {
      allowed: fc.oneof(fc.boolean(), fc.string()),
      status: fc.oneof(status, fc.jsonValue()),
      patch: fc.oneof(
        fc.array(operation).map((list) => btoa(unescape(encodeURIComponent(JSON.stringify(list))))),
        fc.string(),
      ),
      patchType: fc.oneof(fc.constant('JSONPatch'), text),
      warnings: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
      auditAnnotations: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.jsonValue()),
      uid: fc.option(text, { nil: undefined }),
    },
    { requiredKeys: [] },
  );

  const denial = fc.record({
    allowed: fc.constant(false),
    status: fc.record({ code: fc.oneof(fc.integer(), fc.integer({ min: 0, max: 1100 })), message: fc.string() }),
  });

  it('the request is answered, and no fault is the server’s own', async () => {
    let next: unknown;
    let code = 200;
    const faults: string[] = [];
    const { cluster } = await clusterWith({
      '/0': (review) => {
        if (typeof next === 'string') return new Response(next, { status: code });
        const answer = { uid: review.request.uid, ...(next as object) };
        return Response.json({ apiVersion: review.apiVersion, kind: review.kind, response: answer }, { status: code });
      },
    });
    cluster.options.log.error = (message, fields) => void faults.push(`${message} ${JSON.stringify(fields)}`);
    await configure(cluster, 'mutating', [{}]);
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(response, denial, fc.string(), fc.json()),
        fc.constantFrom(200, 200, 200, 201, 302, 400, 404, 500, 503),
        async (answer, answerCode) => {
          next = answer;
          code = answerCode;
          const reply = await cluster.fetch(`POST ${MAPS}`, map(`m${count++}`));
          const body = (await reply.json()) as { message?: string };
          if (reply.status < 500) return;
          expect(body.message).toMatch(
            /^(Internal error occurred: |admission webhook "w0\.example\.com" denied the request)/,
          );
        },
      ),
      { numRuns: 400, seed: 7 },
    );
    expect(faults).toEqual([]);
  });
});
