import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/index.ts';
import { type Pod, serviceAccounts } from '../../kinds/index.ts';
import { parseTimestamp } from '../timestamp.ts';
import { tokenRefreshAt } from '../volumes/projected.ts';
import type { ServiceAccountToken, TokenSource } from './context.ts';

interface TokenRequestAnswer {
  status: { token: string; expirationTimestamp: string };
}

/** Tokens bound to pods, kept until they want to be replaced. Upstream: pkg/kubelet/token. */
export class ApiTokenSource implements TokenSource {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #tokens = new Map<string, ServiceAccountToken>();

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async request(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<ServiceAccountToken> {
    const { namespace = '', name, uid = '' } = pod.metadata;
    const account = pod.spec?.serviceAccountName || 'default';
    const key = [uid, account, audience, expirationSeconds].join('\0');
    const known = this.#tokens.get(key);
    const now = this.#clock.now();
    if (known !== undefined && tokenRefreshAt(known) > now) return known;
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: audience === undefined ? [] : [audience],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    };
    try {
      const where = { namespace, name: account };
      const answer = await this.#client.createSubresource<TokenRequestAnswer>(serviceAccounts, where, 'token', body);
      const expiresAt = parseTimestamp(answer.status.expirationTimestamp) ?? now + expirationSeconds * 1000;
      const token = { token: answer.status.token, issuedAt: now, expiresAt };
      this.#tokens.set(key, token);
      this.#collect(now);
      return token;
    } catch (error) {
      // A token that still holds is better than none while the API is away.
      if (known !== undefined && known.expiresAt > now) return { ...known, issuedAt: now };
      throw error;
    }
  }

  #collect(now: number): void {
    for (const [key, token] of this.#tokens) if (token.expiresAt <= now) this.#tokens.delete(key);
  }
}
