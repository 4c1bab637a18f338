/**
 * Converts custom objects by the webhook of their definition. Nothing of a definition is kept between calls: what a call
 * needs comes with it. Upstream: apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go.
 */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { objectSchema } from '../../kinds/index.ts';
import type { Json, JsonObject, KubeObject } from '../../machinery/meta.ts';
import { quote } from '../../machinery/quote.ts';
import type { ObjectSchema } from '../../machinery/schema.ts';
import { type Status, StatusError } from '../../machinery/status.ts';
import type { ConversionSource, CustomConverter } from '../custom/contract.ts';
import {
  OBJECTS,
  type Outbound,
  postReview,
  ReviewError,
  reviewSchema,
  structSchema,
  TEXT,
} from '../outbound/index.ts';
import { ConvertedError, checkIdentity, restoreMetadata } from './converted-object.ts';

const GROUP = 'apiextensions.k8s.io';
const VERSIONS = ['v1', 'v1beta1'];
const TIMEOUT_MS = 30_000;
/** A page of a list, with room. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

interface ConversionReview {
  apiVersion?: string;
  kind?: string;
  response?: { uid?: string; convertedObjects?: Json[]; result?: Partial<Status> };
}

let schema: ObjectSchema | undefined;

function answerSchema(): ObjectSchema {
  schema ??= reviewSchema(
    'ConversionReview',
    structSchema('ConversionResponse', {
      uid: TEXT,
      convertedObjects: OBJECTS,
      result: objectSchema('meta/v1.Status'),
    }),
  );
  return schema;
}

interface ConverterDeps {
  outbound: Outbound | undefined;
  clock: Clock;
  random: Random;
}

export function createWebhookConverter(deps: ConverterDeps): CustomConverter {
  return {
    async convert(source, objects, apiVersion) {
      const asked = objects.filter((object) => object.apiVersion !== apiVersion);
      const sent = asked.filter((object) => !isBare(object));
      const answered = sent.length === 0 ? [] : await ask(deps, source, { objects: sent, apiVersion });
      const results = new Map<KubeObject, KubeObject>(sent.map((object, index) => [object, answered[index]!]));
      return objects.map(
        (object) => results.get(object) ?? (asked.includes(object) ? { ...object, apiVersion } : object),
      );
    },
  };
}

/** An object without contents becomes one of the other version without contents. */
const isBare = (object: KubeObject): boolean =>
  Object.keys(object).length === 2 && 'apiVersion' in object && 'kind' in object;

const typeText = ({ apiVersion = '', kind = '' }: { apiVersion?: string; kind?: string }): string =>
  `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;

const fault = (message: string): StatusError => new StatusError(500, '', message);

interface Asked {
  objects: readonly KubeObject[];
  apiVersion: string;
}

async function ask(
  { outbound, clock, random }: ConverterDeps,
  source: ConversionSource,
  { objects, apiVersion }: Asked,
): Promise<KubeObject[]> {
  const { clientConfig, conversionReviewVersions = [] } = source.webhook;
  const version = conversionReviewVersions.find((each) => VERSIONS.includes(each));
  if (version === undefined) throw fault('no supported conversion review versions');
  const uid = random.uuid();
  const head = `conversion webhook for ${typeText(objects[0]!)}`;
  const review = {
    apiVersion: `${GROUP}/${version}`,
    kind: 'ConversionReview',
    request: { uid, desiredAPIVersion: apiVersion, objects: objects.map(withoutVersion) },
    response: { uid: '', convertedObjects: null, result: { metadata: {} } },
  };
  let converted: Json[];
  try {
    const answer = await postReview<ConversionReview>({
      outbound,
      clock,
      config: configOf(clientConfig),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_ANSWER_BYTES,
      review,
      schema: answerSchema(),
      knownVersions: VERSIONS.map((each) => `${GROUP}/${each}`),
    });
    converted = convertedObjects(answer, { review, uid });
  } catch (error) {
    if (error instanceof ReviewError || error instanceof ConvertedError)
      throw fault(`${head} failed: ${error.message}`);
    throw error;
  }
  if (converted.length !== objects.length)
    throw fault(`${head} returned ${converted.length} objects, expected ${objects.length}`);
  return converted.map((object, index) => checked(object, { original: objects[index]!, apiVersion }));
}

/** A bundle of nothing but white space stands for none. */
function configOf(config: ConversionSource['webhook']['clientConfig']) {
  const { caBundle, url, service } = config ?? {};
  const blank = caBundle === undefined || /^\s*$/.test(textOf(caBundle));
  return {
    url,
    service: service && { ...service, namespace: service.namespace ?? '', name: service.name ?? '' },
    caBundle: blank ? undefined : caBundle,
  };
}

function textOf(base64: string): string {
  try {
    return atob(base64);
  } catch {
    return '';
  }
}

/** Stored objects do not know their version before they are read, and webhooks are shown what is stored. */
function withoutVersion(object: KubeObject): KubeObject {
  if (!object.metadata?.resourceVersion) return object;
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function convertedObjects(
  answer: ConversionReview,
  { review, uid }: { review: { apiVersion: string; kind: string }; uid: string },
): Json[] {
  const { response } = answer;
  const strict = review.apiVersion === `${GROUP}/v1`;
  if (strict && (answer.apiVersion !== review.apiVersion || answer.kind !== review.kind))
    throw new ConvertedError(`expected webhook response of ${typeText(review)}, got ${typeText(answer)}`);
  if (!response) throw new ConvertedError('no response provided');
  if (strict && response.uid !== uid)
    throw new ConvertedError(`expected response.uid=${quote(uid)}, got ${quote(response.uid ?? '')}`);
  const { status = '', message } = response.result ?? {};
  if (status !== 'Success')
    throw new ConvertedError(message || `response.result.status was '${status}', not 'Success'`);
  return response.convertedObjects ?? [];
}

/** The answer for one object, with the metadata of the original. Throws 500. */
function checked(value: Json, { original, apiVersion }: { original: KubeObject; apiVersion: string }): KubeObject {
  const head = `conversion webhook for ${typeText(original)} returned invalid`;
  const converted = value as JsonObject | null;
  if (converted === null || typeof converted !== 'object' || Array.isArray(converted) || !converted.kind)
    throw fault(`Object 'Kind' is missing in '${JSON.stringify(value)}'`);
  if (converted.apiVersion !== apiVersion) {
    const got = typeof converted.apiVersion === 'string' ? converted.apiVersion : '';
    throw fault(`${head} object at index 0: invalid groupVersion (expected ${apiVersion}, received ${got})`);
  }
  if (converted.kind !== original.kind)
    throw fault(
      `${head} object at index 0: invalid kind (expected ${original.kind}, received ${String(converted.kind)})`,
    );
  try {
    checkIdentity(original, converted);
  } catch (error) {
    throw fault(`${head} object: ${(error as Error).message}`);
  }
  try {
    return restoreMetadata(original, converted);
  } catch (error) {
    throw fault(`${head} metadata: ${(error as Error).message}`);
  }
}
