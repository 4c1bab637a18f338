/**
 * Sends a review to a webhook and reads the answer, with the checks and the messages of upstream's client.
 * Upstream: client-go/rest/request.go, apimachinery/pkg/api/errors NewGenericServerResponse.
 */
import { type Clock, delay } from '../../base/clock.ts';
import { parseJson } from '../../machinery/exact-numbers.ts';
import { decodeObject } from '../../machinery/fields/index.ts';
import { jsonSyntaxMessage } from '../../machinery/json-syntax.ts';
import { quote } from '../../machinery/quote.ts';
import type { ObjectSchema } from '../../machinery/schema.ts';
import { type Outbound, OutboundError, type OutboundTarget } from './contract.ts';

/** Where webhooks of all sorts say that they listen. */
export interface WebhookClientConfig {
  url?: string | undefined;
  service?: { namespace: string; name: string; port?: number | undefined; path?: string | undefined } | undefined;
  /** PEM in base64. */
  caBundle?: string | undefined;
}

export interface ReviewCall {
  /** Absent where the host calls nobody. */
  outbound: Outbound | undefined;
  config: WebhookClientConfig;
  clock: Clock;
  /** For all tries together. */
  timeoutMs: number;
  maxBytes: number;
  review: { apiVersion: string; kind: string };
  /** The form of the answer, of the same apiVersion and kind as the review. */
  schema: ObjectSchema;
  /** Other apiVersions that answers are known in. */
  knownVersions?: readonly string[];
  signal?: AbortSignal;
}

/** Why a review had no usable answer: upstream's message. */
export class ReviewError extends Error {
  override readonly name = 'ReviewError';
  /** The HTTP status of an answer that is none. */
  readonly code: number | undefined;

  constructor(message: string, code?: number) {
    super(message);
    this.code = code;
  }
}

/** The decoded answer. Throws ReviewError and nothing else. */
export async function postReview<T>(call: ReviewCall): Promise<T> {
  const { target, text } = targetOf(call);
  if (!call.outbound) throw new ReviewError(`Post ${quote(text)}: this server calls nobody`);
  const deadline = call.clock.now() + call.timeoutMs;
  for (let tries = 1; ; tries++) {
    const { response, body } = await send(call, { target, text, timeoutMs: Math.max(1, deadline - call.clock.now()) });
    const pause = tries < MAX_TRIES ? pauseOf(response) : undefined;
    if (pause === undefined || call.clock.now() + pause >= deadline) return answerOf(call, response, body) as T;
    await delay(call.clock, pause, call.signal).catch(() => undefined);
  }
}

/** Upstream: client-go/rest/with_retry.go. */
const MAX_TRIES = 11;

/** Milliseconds after which an overloaded server wants to be asked again; undefined where it does not say so. */
function pauseOf({ status, headers }: Response): number | undefined {
  if (status !== 429 && status < 500) return undefined;
  const seconds = headers.get('retry-after') ?? '';
  return /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1_000 : undefined;
}

interface Sending {
  target: OutboundTarget;
  /** The URL for messages. */
  text: string;
  timeoutMs: number;
}

async function send(
  call: ReviewCall,
  { target, text, timeoutMs }: Sending,
): Promise<{ response: Response; body: string }> {
  let response: Response;
  try {
    response = await call.outbound!.call(target, optionsOf(call, timeoutMs));
  } catch (error) {
    throw new ReviewError(`Post ${quote(text)}: ${messageOf(error)}`);
  }
  try {
    return { response, body: await response.text() };
  } catch (error) {
    if (error instanceof OutboundError && error.fault === 'timeout') throw new ReviewError(messageOf(error));
    const why = 'unexpected error when reading response body. Please retry. Original error';
    throw new ReviewError(`${why}: ${messageOf(error)}`);
  }
}

function answerOf(call: ReviewCall, response: Response, body: string): object {
  if (response.status < 200 || response.status > 206) throw new ReviewError(refusalOf(response, body), response.status);
  const type = response.headers.get('content-type') || 'application/json';
  if (body === '')
    throw new ReviewError(`0-length response with status code: ${response.status} and content type: ${type}`);
  return decodeAnswer(call, body);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function optionsOf({ config, review, maxBytes, signal }: ReviewCall, timeoutMs: number) {
  const headers = {
    accept: 'application/json, */*',
    'content-type': 'application/json',
    'user-agent': 'kube-apiserver-admission',
  };
  return {
    request: { method: 'POST', headers, body: JSON.stringify(review), ...(signal ? { signal } : {}) },
    ...(config.caBundle ? { caBundle: pemOf(config.caBundle) } : {}),
    timeoutMs,
    maxBytes,
  };
}

function pemOf(base64: string): string {
  try {
    return atob(base64);
  } catch {
    return '';
  }
}

/** The target, and the URL as messages write it. */
function targetOf({ config, timeoutMs }: ReviewCall): { target: OutboundTarget; text: string } {
  const query = `?timeout=${Math.ceil(timeoutMs / 1000)}s`;
  if (config.service) {
    const { namespace, name, port = 443, path = '' } = config.service;
    const whole = cleanPath(path) + query;
    return {
      target: { service: { namespace, name, port, path: whole } },
      text: `https://${name}.${namespace}.svc:${port}${whole}`,
    };
  }
  const [, origin = '', path = ''] = /^([a-z]+:\/\/[^/?#]*)([^?#]*)/i.exec(config.url ?? '') ?? [];
  const url = origin + cleanPath(path) + query;
  return { target: { url }, text: url };
}

/** Upstream's client joins its paths, which drops empty, `.` and last slashes. */
function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

const MAX_SHOWN = 2048;

/** The message for a status beyond 2xx: that of a Status in the body, or one by the code. */
function refusalOf({ status, headers }: Response, body: string): string {
  const type = (headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';
  const said = statusMessage(body);
  if (said !== undefined) return said;
  const text = type.startsWith('text/') ? body.slice(0, MAX_SHOWN).trim() : 'unknown';
  if (status >= 300 && status < 400) return GENERIC[400]!;
  if (status === 403 || status === 415) return text;
  if (status === 406)
    return text === '' || text === 'unknown'
      ? 'the server was unable to respond with a content type that the client supports'
      : text;
  if (GENERIC[status]) return GENERIC[status];
  if (status >= 500) return `an error on the server (${quote(text)}) has prevented the request from succeeding`;
  return `the server responded with the status code ${status} but did not return more information`;
}

const GENERIC: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};

function statusMessage(body: string): string | undefined {
  try {
    const { kind, apiVersion, status, message, reason, code } = JSON.parse(body) as Record<string, unknown>;
    if ((kind ?? 'Status') !== 'Status' || (apiVersion ?? 'v1') !== 'v1' || status !== 'Failure') return undefined;
    if (typeof message === 'string' && message !== '') return message;
    return typeof reason === 'string' && reason !== '' ? reason : `unknown error${code ? ` (${String(code)})` : ''}`;
  } catch {
    return undefined;
  }
}

/** Upstream: the decoder of a scheme that knows the review in each of its versions, and Status. */
function decodeAnswer({ review, schema, knownVersions = [] }: ReviewCall, body: string): object {
  let json: Record<string, unknown> | null;
  try {
    json = parseJson(body) as Record<string, unknown> | null;
  } catch {
    throw new ReviewError(`couldn't get version/kind; json parse error: ${jsonSyntaxMessage(body)}`);
  }
  try {
    const { kind, apiVersion } = decodeObject<{ kind?: string; apiVersion?: string }>(TYPE_META, {
      kind: json?.kind,
      apiVersion: json?.apiVersion,
    }).object;
    checkType({ kind: kind || review.kind, apiVersion: apiVersion || review.apiVersion }, review, knownVersions);
    return decodeObject<object>(schema, json).object;
  } catch (error) {
    if (error instanceof ReviewError) throw error;
    throw new ReviewError(messageOf(error));
  }
}

const TYPE_META: ObjectSchema = {
  type: 'object',
  fields: new Map(
    ['kind', 'apiVersion'].map((name) => [name, { name, schema: { type: 'string' }, omitempty: true }] as const),
  ),
};

function checkType(
  got: { kind: string; apiVersion: string },
  wanted: { kind: string; apiVersion: string },
  known: readonly string[],
): void {
  if (got.kind === wanted.kind && got.apiVersion === wanted.apiVersion) return;
  const isStatus = got.kind === 'Status' && got.apiVersion === 'v1';
  if (!isStatus && !(got.kind === wanted.kind && known.includes(got.apiVersion))) {
    const what = `no kind ${quote(got.kind)} is registered for version ${quote(got.apiVersion)}`;
    throw new ReviewError(`${what} in scheme "pkg/runtime/scheme.go:111"`);
  }
  const short = ({ kind, apiVersion }: typeof got): string => `${apiVersion.split('/').at(-1)}.${kind}`;
  throw new ReviewError(`converting (${short(got)}) to (${short(wanted)}): unknown conversion`);
}
