/** Asks a webhook whether a request is allowed. Upstream: plugin/pkg/authorizer/webhook. */
import { type Clock, delay } from '../../../base/clock.ts';
import { postJson } from '../../configuration/kubeconfig.ts';
import type { Attributes, Authorizer, Decision } from '../../contract.ts';
import type { Outbound } from '../../outbound/contract.ts';
import type { WebhookSettings } from './configuration.ts';
import { conditionsHold } from './match-conditions.ts';
import { reviewBody, reviewSpec } from './review.ts';

interface ReviewStatus {
  allowed?: boolean;
  denied?: boolean;
  reason?: string;
}

const MAX_CACHED = 8_192;
/** Longer attributes are made up to fill the cache. */
const MAX_CACHED_ATTRIBUTES = 10_000;
const MAX_ANSWER_BYTES = 256 * 1024;
const FIRST_RETRY_MS = 500;
const RETRY_FACTOR = 1.5;
const ATTEMPTS = 5;

/** A failure that another attempt may mend. */
class RetryableError extends Error {
  override readonly name = 'RetryableError';
}

export function createWebhookAuthorizer(
  settings: WebhookSettings,
  { outbound, clock }: { outbound: Outbound; clock: Clock },
): Authorizer {
  const cache = new Map<string, { status: ReviewStatus; until: number }>();
  const { client, version, timeoutMs, onError } = settings;

  const ask = async (body: string): Promise<ReviewStatus> => {
    const answer = await postJson(outbound, client, { body, timeoutMs, maxBytes: MAX_ANSWER_BYTES }).catch(
      (error: unknown) => {
        throw new RetryableError(`Post ${JSON.stringify(client.url)}: ${(error as Error).message}`);
      },
    );
    const text = await answer.text();
    if (answer.status >= 500 || answer.status === 429) throw new RetryableError(`the server answered ${answer.status}`);
    if (answer.status >= 300) throw new Error(`the server answered ${answer.status}`);
    return (JSON.parse(text) as { status?: ReviewStatus }).status ?? {};
  };

  const keep = (key: string, status: ReviewStatus): void => {
    const ttl = status.allowed ? settings.authorizedTtlMs : settings.unauthorizedTtlMs;
    if (ttl <= 0) return;
    if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value as string);
    cache.set(key, { status, until: clock.now() + ttl });
  };

  return {
    async authorize(attributes) {
      const spec = reviewSpec(attributes);
      try {
        if (!conditionsHold(settings.conditions, spec)) return { decision: 'noOpinion', reason: '' };
        const key = JSON.stringify(spec);
        const cached = cache.get(key);
        if (cached && cached.until > clock.now()) return decisionOf(cached.status);
        const status = await withRetries(clock, () => ask(reviewBody(spec, version)));
        if (sizeOf(attributes) < MAX_CACHED_ATTRIBUTES) keep(key, status);
        return decisionOf(status);
      } catch (error) {
        const fault = error instanceof Error ? error.message : String(error);
        return { decision: onError, reason: '', evaluationError: fault, fault };
      }
    },
  };
}

function decisionOf({ allowed, denied, reason = '' }: ReviewStatus): Decision {
  if (denied && allowed) {
    const fault = 'webhook subject access review returned both allow and deny response';
    return { decision: 'deny', reason, evaluationError: fault, fault };
  }
  if (denied) return { decision: 'deny', reason };
  return { decision: allowed ? 'allow' : 'noOpinion', reason };
}

async function withRetries<T>(clock: Clock, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1, wait = FIRST_RETRY_MS; ; tries++, wait *= RETRY_FACTOR) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === ATTEMPTS || !(error instanceof RetryableError)) throw error;
      await delay(clock, wait);
    }
  }
}

function sizeOf({ namespace, verb, group, version, resource, subresource, name, path }: Attributes): number {
  return [namespace, verb, group, version, resource, subresource, name, path].join('').length;
}
