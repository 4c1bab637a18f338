/** The node's identity: got once by join token, kept in the state folder, renewed in time. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, delay } from '../../base/clock.ts';
import type { Transport } from '../../client/index.ts';
import { AgentError } from '../errors.ts';
import { type Log, messageOf } from '../log.ts';
import { parseTimestamp } from '../timestamp.ts';

/** What the control plane answers to `join` and `renew`. */
interface Answer {
  nodeName: string;
  token: string;
  expiresAt: string;
  caCertificate: string;
  servingCertificate?: string;
  cluster: ClusterFacts;
}

export interface ClusterFacts {
  serviceCIDR: string;
  apiServiceIP: string;
  dnsIP: string;
  clusterDomain: string;
}

export interface Credential extends Answer {
  /** PEM of the key of `servingCertificate`. */
  key: string;
  issuedAt: string;
  /** API server that gave it. */
  server: string;
}

export interface CredentialOptions {
  server: string;
  nodeName: string;
  joinToken?: string;
  stateDir: string;
  transport: Transport;
  clock: Clock;
  log: Log;
  signal?: AbortSignal;
}

const FILE = 'credential.json';
const RENEW_AFTER = 0.8;
const MAX_WAIT = 10_000;

async function read(stateDir: string): Promise<Credential | undefined> {
  try {
    return JSON.parse(await readFile(join(stateDir, FILE), 'utf8')) as Credential;
  } catch {
    return undefined;
  }
}

async function store(stateDir: string, credential: Credential): Promise<void> {
  await mkdir(stateDir, { recursive: true });
  const path = join(stateDir, FILE);
  await writeFile(`${path}.tmp`, JSON.stringify(credential), { mode: 0o600 });
  await rename(`${path}.tmp`, path);
}

const newKey = () =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

/** The control plane said no: asking again does not help. */
class Refusal extends Error {}

async function ask(options: CredentialOptions, path: string, body: object, token?: string): Promise<Credential> {
  const { server, transport, clock } = options;
  const { publicKey, privateKey } = newKey();
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  const init = { method: 'POST', headers, body: JSON.stringify({ ...body, publicKey }) };
  const response = await transport(new Request(`${server}${path}`, init));
  const text = await response.text();
  if (response.status >= 400 && response.status < 500) throw new Refusal(reasonOf(text));
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  const answer = JSON.parse(text) as Answer;
  return { ...answer, key: privateKey, issuedAt: new Date(clock.now()).toISOString(), server };
}

function reasonOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text.slice(0, 200);
  }
}

async function insistently(options: CredentialOptions, work: () => Promise<Credential>): Promise<Credential> {
  for (let failures = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Refusal)
        throw new AgentError('user', `${options.server} refuses this node: ${error.message}`);
      options.signal?.throwIfAborted();
      const wait = Math.min(MAX_WAIT, 200 * 2 ** Math.min(failures++, 8));
      options.log('warn', 'the control plane cannot be reached', {
        server: options.server,
        error: messageOf(error),
        wait,
      });
      await delay(options.clock, wait, options.signal);
    }
  }
}

/**
 * The stored credential of this node, or a new one for the join token. Waits for the control plane when it must be asked.
 * Throws AgentError when the control plane refuses, or when there is neither credential nor token.
 */
export async function obtainCredential(options: CredentialOptions): Promise<Credential> {
  const { stateDir, nodeName, joinToken, clock, server } = options;
  const known = await read(stateDir);
  const usable =
    known?.nodeName === nodeName && known.server === server && (parseTimestamp(known.expiresAt) ?? 0) > clock.now();
  // With a join token at hand a credential of a cluster that was made anew can be replaced.
  if (usable && (joinToken === undefined || (await isAccepted(options, known)))) return known;
  if (joinToken === undefined) {
    throw new AgentError('user', `node ${nodeName} has no credential of ${server}: give a join token`);
  }
  const fresh = await insistently(options, () => ask(options, '/kedge/v1/join', { token: joinToken, nodeName }));
  await store(stateDir, fresh);
  return fresh;
}

/** Whether the control plane knows the credential; one that cannot be reached is no reason to doubt. */
async function isAccepted(
  { server, nodeName, transport }: CredentialOptions,
  credential: Credential,
): Promise<boolean> {
  const headers = { Authorization: `Bearer ${credential.token}` };
  try {
    const response = await transport(new Request(`${server}/api/v1/nodes/${nodeName}`, { headers }));
    await response.body?.cancel();
    return response.status !== 401;
  } catch {
    return true;
  }
}

/** Renews the credential after 80 % of its life, until the signal. */
export async function keepRenewing(
  options: CredentialOptions,
  credential: Credential,
  onNew: (fresh: Credential) => void,
): Promise<void> {
  const { clock, signal } = options;
  const issued = parseTimestamp(credential.issuedAt) ?? clock.now();
  const at = issued + RENEW_AFTER * ((parseTimestamp(credential.expiresAt) ?? issued) - issued);
  // Timers hold 2^31 ms at most.
  while (clock.now() < at) await delay(clock, Math.min(at - clock.now(), 86_400_000), signal);
  const fresh = await insistently(options, () => ask(options, '/kedge/v1/renew', {}, credential.token));
  await store(options.stateDir, fresh);
  onNew(fresh);
  return keepRenewing(options, fresh, onNew);
}
