import { mkdtempSync, statSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AgentError } from '../../../src/agent/errors.ts';
import { silentLog } from '../../../src/agent/log.ts';
import { type CredentialOptions, keepRenewing, obtainCredential } from '../../../src/agent/node/credential.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';
import { settle } from '../node-bench.ts';

const YEAR = 365 * 86_400_000;
let stateDir: string;
let clock: ManualClock;
let asked: { path: string; body: Record<string, unknown>; authorization: string | null }[];
let answer: (path: string) => { status: number; body: object };

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'kedge-credential-'));
  clock = createManualClock();
  asked = [];
  answer = () => ({ status: 200, body: given(`token-${asked.length}`) });
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

const given = (token: string) => ({
  nodeName: 'n1',
  token,
  expiresAt: new Date(clock.now() + YEAR).toISOString(),
  caCertificate: 'CA',
  servingCertificate: 'CERT',
  cluster: {
    serviceCIDR: '10.96.0.0/16',
    apiServiceIP: '10.96.0.1',
    dnsIP: '10.96.0.10',
    clusterDomain: 'cluster.local',
  },
});

const options = (more: Partial<CredentialOptions> = {}): CredentialOptions => ({
  server: 'https://api.test',
  nodeName: 'n1',
  joinToken: 'abcdef.0123456789abcdef',
  stateDir,
  clock,
  log: silentLog,
  async transport(request) {
    const text = await request.text();
    const path = new URL(request.url).pathname;
    asked.push({ path, body: text ? JSON.parse(text) : {}, authorization: request.headers.get('authorization') });
    const { status, body } = answer(path);
    return Response.json(body, { status });
  },
  ...more,
});

describe('the credential of a node', () => {
  test('is got once with the join token, kept for the owner only, and used again', async () => {
    const first = await obtainCredential(options());
    expect(asked[0]).toMatchObject({
      path: '/kedge/v1/join',
      body: { token: 'abcdef.0123456789abcdef', nodeName: 'n1' },
    });
    expect(asked[0]?.body.publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    expect(first.key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(statSync(join(stateDir, 'credential.json')).mode & 0o777).toBe(0o600);
    expect(await obtainCredential(options({ joinToken: undefined as never }))).toEqual(first);
    expect(asked).toHaveLength(1);
  });

  test('is got anew when the cluster does not know it any more, but not when the cluster is away', async () => {
    const first = await obtainCredential(options());
    answer = () => ({ status: 503, body: {} });
    expect(await obtainCredential(options())).toEqual(first);
    answer = (path) => (path === '/kedge/v1/join' ? { status: 200, body: given('fresh') } : { status: 401, body: {} });
    expect((await obtainCredential(options())).token).toBe('fresh');
  });

  test('is refused in one line that says who refuses', async () => {
    answer = () => ({ status: 401, body: { message: 'the join token is unknown or has expired' } });
    const failure = obtainCredential(options());
    await expect(failure).rejects.toThrow(
      'https://api.test refuses this node: the join token is unknown or has expired',
    );
    await expect(failure).rejects.toBeInstanceOf(AgentError);
    await expect(obtainCredential(options({ joinToken: undefined as never }))).rejects.toThrow('give a join token');
  });

  test('is asked for again while the control plane is away', async () => {
    answer = () => (asked.length < 3 ? { status: 502, body: {} } : { status: 200, body: given('late') });
    const pending = obtainCredential(options());
    for (let attempt = 1; attempt <= 3; attempt++) {
      // Keys are made outside the clock's reach.
      await vi.waitFor(() => expect(asked.length).toBeGreaterThanOrEqual(attempt), { timeout: 10_000 });
      await settle(30);
      clock.advance(10_000);
    }
    expect((await pending).token).toBe('late');
  });

  test('is renewed after 80 % of its life, with itself', async () => {
    const stop = new AbortController();
    const first = await obtainCredential(options());
    const fresh: string[] = [];
    const renewing = keepRenewing(options({ signal: stop.signal }), first, (next) => fresh.push(next.token));
    for (let day = 0; day < 291; day++) {
      clock.advance(86_400_000);
      await settle(1);
    }
    expect(fresh).toEqual([]);
    clock.advance(2 * 86_400_000);
    // Keys are made and files written outside the clock's reach.
    await vi.waitFor(() => expect(fresh).toEqual(['token-2']), { timeout: 10_000 });
    expect(asked[1]).toMatchObject({ path: '/kedge/v1/renew', authorization: 'Bearer token-1' });
    expect(JSON.parse(await readFile(join(stateDir, 'credential.json'), 'utf8')).token).toBe('token-2');
    stop.abort(new Error('done'));
    await expect(renewing).rejects.toThrow('done');
  });
});
