import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/machinery/meta.ts';
import { StatusError } from '../../../src/machinery/status.ts';
import { createWebhookConverter } from '../../../src/server/conversion/index.ts';
import type { ConversionSource } from '../../../src/server/custom/contract.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { createSeededRandom } from '../../support/seeded-random.ts';

interface Review {
  apiVersion: string;
  kind: string;
  request: { uid: string; desiredAPIVersion: string; objects: KubeObject[] };
}

const source = (versions = ['v1']): ConversionSource => ({
  ...{ name: 'widgets.example.com', uid: 'u', generation: 1, kind: 'Widget' },
  webhook: { clientConfig: { url: 'https://hook.example.com/c' }, conversionReviewVersions: versions },
});
const widget = (name: string, apiVersion = 'example.com/v1', more: object = {}): KubeObject => ({
  apiVersion,
  kind: 'Widget',
  metadata: { name, namespace: 'n', uid: `uid-${name}`, resourceVersion: '7', labels: { a: 'b' } },
  spec: { size: 1 },
  ...more,
});

/** A converter whose webhook answers with `respond`'s response, or with the whole text of it. */
function converter(respond: (review: Review) => unknown) {
  const reviews: Review[] = [];
  const { convert } = createWebhookConverter({
    clock: createManualClock(),
    random: createSeededRandom(1),
    outbound: {
      async call(_, { request }) {
        const review = JSON.parse(String(request.body)) as Review;
        reviews.push(review);
        const response = respond(review);
        if (typeof response === 'string') return new Response(response);
        const { apiVersion, kind } = review;
        return Response.json({ apiVersion, kind, response: { uid: review.request.uid, ...(response as object) } });
      },
    },
  });
  return { reviews, convert };
}

const success = (change: (object: KubeObject, to: string) => unknown) => (review: Review) => ({
  result: { status: 'Success' },
  convertedObjects: review.request.objects.map((object) => change(object, review.request.desiredAPIVersion)),
});
const recast = (object: KubeObject, to: string) => ({ ...object, apiVersion: to, spec: { amount: '1' } });
const messageOf = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => expect.unreachable(),
    (error: StatusError) => {
      expect(error.code).toBe(500);
      return error.message;
    },
  );
const HEAD = 'conversion webhook for example.com/v1, Kind=Widget';

describe('conversion by webhook', () => {
  it('sends what is in another version in one review, and keeps the order', async () => {
    const { reviews, convert } = converter(success(recast));
    const objects = [widget('a'), widget('b', 'example.com/v2'), widget('c')];
    const results = await convert(source(), objects, 'example.com/v2');
    expect(reviews).toHaveLength(1);
    expect(reviews[0]?.request.objects.map(({ metadata }) => metadata)).toEqual(
      ['a', 'c'].map((name) => ({ name, namespace: 'n', uid: `uid-${name}`, labels: { a: 'b' } })),
    );
    expect(results.map(({ metadata, apiVersion }) => [metadata.name, apiVersion])).toEqual([
      ['a', 'example.com/v2'],
      ['b', 'example.com/v2'],
      ['c', 'example.com/v2'],
    ]);
    expect(results[1]).toBe(objects[1]);
    expect(results[0]?.metadata.resourceVersion).toBe('7');
    expect(results[0]?.spec).toEqual({ amount: '1' });
  });

  it('asks nobody about objects that are in the version, or have no contents', async () => {
    const { reviews, convert } = converter(() => expect.unreachable());
    const bare = { apiVersion: 'example.com/v1', kind: 'Widget' } as unknown as KubeObject;
    expect(await convert(source(), [bare, widget('a', 'example.com/v2')], 'example.com/v2')).toMatchObject([
      { apiVersion: 'example.com/v2', kind: 'Widget' },
      { metadata: { name: 'a' } },
    ]);
    expect(reviews).toEqual([]);
  });

  it('takes labels and annotations of the answer, and no other metadata', async () => {
    const { convert } = converter(
      success((object, to) => ({
        ...recast(object, to),
        metadata: { ...object.metadata, labels: { new: 'yes' }, finalizers: ['x'], generation: 9 },
      })),
    );
    const [result] = await convert(source(), [widget('a')], 'example.com/v2');
    const { labels, ...rest } = widget('a').metadata;
    expect(result?.metadata).toEqual({ ...rest, labels: { new: 'yes' } });
    expect(labels).toEqual({ a: 'b' });
  });

  it('speaks the first review version that both know', async () => {
    const { reviews, convert } = converter((review) => ({ ...success(recast)(review), uid: 'odd' }));
    await convert(source(['v9', 'v1beta1', 'v1']), [widget('a')], 'example.com/v2');
    expect(reviews[0]?.apiVersion).toBe('apiextensions.k8s.io/v1beta1');
    expect(await messageOf(convert(source(['v9']), [widget('a')], 'example.com/v2'))).toBe(
      'no supported conversion review versions',
    );
  });

  it.each<[string, (review: Review) => unknown, string]>([
    ['no JSON', () => '{', `${HEAD} failed: couldn't get version/kind; json parse error: unexpected end of JSON input`],
    ['a failure', () => ({ result: { status: 'Failure', message: 'no' } }), `${HEAD} failed: no`],
    ['no result', () => ({}), `${HEAD} failed: response.result.status was '', not 'Success'`],
    ['too few objects', () => ({ result: { status: 'Success' } }), `${HEAD} returned 0 objects, expected 1`],
    [
      'another version',
      success((object) => object),
      `${HEAD} returned invalid object at index 0: invalid groupVersion (expected example.com/v2, received example.com/v1)`,
    ],
    [
      'another kind',
      success((object, to) => ({ ...recast(object, to), kind: 'Other' })),
      `${HEAD} returned invalid object at index 0: invalid kind (expected Widget, received Other)`,
    ],
    [
      'another name',
      success((object, to) => ({ ...recast(object, to), metadata: { ...object.metadata, name: 'b' } })),
      `${HEAD} returned invalid object: must have the same name: a != b`,
    ],
    [
      'another uid',
      success((object, to) => ({ ...recast(object, to), metadata: { ...object.metadata, uid: 'x' } })),
      `${HEAD} returned invalid object: must have the same UID: uid-a != x`,
    ],
    [
      'labels that are none',
      success((object, to) => ({ ...recast(object, to), metadata: { ...object.metadata, labels: { a: 1 } } })),
      `${HEAD} returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object`,
    ],
    ['what is no object', success(() => 'text'), `Object 'Kind' is missing in '"text"'`],
  ])('refuses %s', async (_, respond, message) => {
    const { convert } = converter(respond);
    expect(await messageOf(convert(source(), [widget('a')], 'example.com/v2'))).toBe(message);
  });

  it('answers or fails with a Status, whatever the webhook says', async () => {
    let next: unknown;
    const { convert } = converter(() => next);
    const object = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          apiVersion: fc.constantFrom('example.com/v2', 'v1'),
          kind: fc.constantFrom('Widget', 'Other'),
          metadata: fc.oneof(
            fc.jsonValue(),
            fc.record(
              {
                name: fc.constantFrom('a', 'b'),
                labels: fc.jsonValue(),
                uid: fc.constant('uid-a'),
                namespace: fc.constant('n'),
              },
              { requiredKeys: [] },
            ),
          ),
          spec: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
    );
    const result = fc.oneof(fc.constant({ status: 'Success' }), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.record({ result, convertedObjects: fc.oneof(fc.array(object, { maxLength: 2 }), fc.jsonValue()) }),
        ),
        async (response) => {
          next = response;
          try {
            const [converted] = await convert(source(), [widget('a')], 'example.com/v2');
            expect(converted?.metadata.uid).toBe('uid-a');
          } catch (error) {
            expect(error).toBeInstanceOf(StatusError);
          }
        },
      ),
      { numRuns: 500, seed: 3 },
    );
  });
});
