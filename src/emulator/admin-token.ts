import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** The administrator's bearer token of a local cluster, made on first use and readable by its owner only. */
export function ensureAdminToken(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const token = randomBytes(32).toString('base64url');
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return token;
}

/** What the control plane keeps of a token. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex');
