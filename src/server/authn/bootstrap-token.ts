/**
 * Bootstrap tokens: `ID.SECRET`, kept as Secrets kube-system/bootstrap-token-ID.
 * Upstream: plugin/pkg/auth/authenticator/token/bootstrap.
 */
import type { Clock } from '../../base/clock.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type { UserInfo } from '../contract.ts';
import { constantTimeEqual } from './constant-time.ts';
import type { ObjectLookup } from './object-lookup.ts';
import { ALL_AUTHENTICATED } from './users.ts';

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const SECRET_TYPE = 'bootstrap.kubernetes.io/token';
const DEFAULT_GROUP = 'system:bootstrappers';

interface TokenSecret extends KubeObject {
  type?: string;
  data?: Record<string, string>;
}

export interface BootstrapToken {
  id: string;
  secret: string;
}

/** The parts of a token of the right form. */
export function parseBootstrapToken(token: string): BootstrapToken | undefined {
  const match = TOKEN.exec(token);
  return match ? { id: match[1] as string, secret: match[2] as string } : undefined;
}

/** The user of a live token with the usage `authentication`; undefined when there is no such token. */
export async function authenticateBootstrapToken(
  token: BootstrapToken,
  lookup: ObjectLookup,
  clock: Clock,
): Promise<UserInfo | undefined> {
  const name = `bootstrap-token-${token.id}`;
  const object = await lookup.live<TokenSecret>('secrets', 'kube-system', name);
  if (!object || object.metadata.deletionTimestamp !== undefined || object.type !== SECRET_TYPE) return undefined;
  const field = (key: string): string => decode(object.data?.[key]);
  if (!constantTimeEqual(field('token-secret'), token.secret) || field('token-id') !== token.id) return undefined;
  if (hasExpired(field('expiration'), clock) || field('usage-bootstrap-authentication') !== 'true') return undefined;
  const extraGroups = field('auth-extra-groups').split(',').filter(Boolean);
  if (extraGroups.some((group) => !GROUP.test(group))) return undefined;
  const groups = [...new Set([DEFAULT_GROUP, ...extraGroups])].sort();
  return { name: `system:bootstrap:${token.id}`, groups: [...groups, ALL_AUTHENTICATED] };
}

/** An expiration that cannot be read counts as passed. */
function hasExpired(expiration: string, clock: Clock): boolean {
  if (expiration === '') return false;
  const at = Date.parse(expiration);
  return Number.isNaN(at) || at <= clock.now();
}

function decode(base64: string | undefined): string {
  if (!base64) return '';
  try {
    return atob(base64);
  } catch {
    return '';
  }
}
