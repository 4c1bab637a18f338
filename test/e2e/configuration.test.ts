/** Settings of a cluster from files: users of a foreign issuer, an authorizing webhook, audit; used with stock kubectl. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTlsServer, type TlsServer } from '../support/tls-server.ts';
import { eventually, type LocalCluster, startCluster, wordsOf } from './support/local-cluster.ts';

interface AuditEvent {
  stage: string;
  verb: string;
  requestURI: string;
  auditID: string;
  user: { username?: string };
  responseStatus?: { code?: number };
  requestObject?: { kind?: string };
}

let folder: string;
let office: TlsServer;
let cluster: LocalCluster;
let pair: Awaited<ReturnType<typeof generateKeyPair>>;
let keyId = 'first';
const sent: AuditEvent[] = [];

/** The server of an organisation: issuer of tokens, authorizer, receiver of audit events. */
async function serveOffice(request: IncomingMessage, answer: ServerResponse): Promise<void> {
  const json = (body: object) => answer.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  let text = '';
  for await (const chunk of request) text += chunk;
  switch (request.url) {
    case '/.well-known/openid-configuration':
      return void json({ issuer: `https://${office.address}`, jwks_uri: `https://${office.address}/keys` });
    case '/keys':
      return void json({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: keyId, alg: 'ES256', use: 'sig' }] });
    case '/authorize': {
      const { spec } = JSON.parse(text) as { spec: { resourceAttributes?: { namespace?: string } } };
      const mine = spec.resourceAttributes?.namespace === 'default';
      return void json({ status: mine ? { allowed: true } : { allowed: false, reason: 'the office says no' } });
    }
    case '/audit':
      sent.push(...(JSON.parse(text) as { items: AuditEvent[] }).items);
      return void answer.end();
    default:
      return void answer.writeHead(404).end();
  }
}

const write = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

const webhookConfig = (path: string): string =>
  write(
    `${path}.kubeconfig`,
    `apiVersion: v1
kind: Config
current-context: office
clusters: [{name: office, cluster: {server: "https://${office.address}/${path}", certificate-authority: office-ca.crt}}]
users: [{name: kedge, user: {token: secret}}]
contexts: [{name: office, context: {cluster: office, user: kedge}}]
`,
  );

/** What a credential plugin prints, for a token of `claims`. */
async function credential(claims: object): Promise<void> {
  const token = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: keyId })
    .setIssuer(`https://${office.address}`)
    .setAudience('kedge')
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(pair.privateKey);
  const body = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } };
  write('credential.json', JSON.stringify(body));
}

/** kubectl with a kubeconfig whose user is a credential plugin. */
async function kubectlAsEmployee(line: string) {
  const plugin = write('plugin.sh', `#!/bin/sh\ncat ${join(folder, 'credential.json')}\n`);
  chmodSync(plugin, 0o755);
  const admin = readFileSync(cluster.kubeconfig, 'utf8');
  const exec = `exec: {apiVersion: client.authentication.k8s.io/v1, command: ${plugin}, interactiveMode: Never}`;
  const kubeconfig = write('employee.kubeconfig', admin.replace(/token: \S+/, exec));
  return cluster.tryKubectl([...wordsOf(line), '--kubeconfig', kubeconfig]);
}

const kedge = async (...words: string[]): Promise<string> => {
  const { code, stdout, stderr } = await cluster.kedge(words);
  if (code !== 0) throw new Error(`kedge ${words.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
};

const auditEvents = async (): Promise<AuditEvent[]> =>
  (await kedge('audit', '-o', 'json', '--since', '1h'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditEvent);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-office-'));
  pair = await generateKeyPair('ES256', { extractable: true });
  office = await startTlsServer((request, answer) => void serveOffice(request, answer).catch(() => answer.destroy()));
  write('office-ca.crt', office.ca);
  const authority = office.ca.trim().replaceAll('\n', '\n      ');
  const authentication = write(
    'authentication.yaml',
    `apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer:
    url: https://${office.address}
    audiences: [kedge]
    certificateAuthority: |
      ${authority}
  claimMappings:
    username: {expression: '"office:" + claims.sub'}
    groups: {claim: teams, prefix: "office:"}
    extra: [{key: example.com/badge, valueExpression: claims.badge}]
  userValidationRules: [{expression: "user.username != 'office:fired'", message: no longer with us}]
`,
  );
  const authorization = write(
    'authorization.yaml',
    `apiVersion: apiserver.config.k8s.io/v1
kind: AuthorizationConfiguration
authorizers:
- {type: Node, name: node}
- {type: RBAC, name: rbac}
- type: Webhook
  name: office
  webhook:
    timeout: 3s
    subjectAccessReviewVersion: v1
    matchConditionSubjectAccessReviewVersion: v1
    failurePolicy: Deny
    connectionInfo: {type: KubeConfigFile, kubeConfigFile: ${webhookConfig('authorize')}}
    matchConditions: [{expression: "request.user.startsWith('office:')"}]
`,
  );
  const policy = write(
    'policy.yaml',
    `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, nonResourceURLs: ["/*"]}
- {level: RequestResponse, resources: [{group: "", resources: [configmaps]}], omitManagedFields: true}
- {level: Metadata}
`,
  );
  cluster = await startCluster([
    ...['--api-only', '--node', 'none', '--no-install'],
    ...['--authentication-config', authentication, '--authorization-config', authorization],
    ...['--audit-policy', policy, '--audit-webhook', webhookConfig('audit')],
  ]);
});

afterAll(async () => {
  await cluster?.remove();
  office?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a cluster with the settings of an organisation', () => {
  it('knows users of its issuer by a credential plugin of kubectl', async () => {
    await credential({ sub: 'jane', teams: ['dev'], badge: '42' });
    const who = await kubectlAsEmployee('auth whoami -o json');
    expect([who.code, who.stderr]).toEqual([0, '']);
    expect(JSON.parse(who.stdout).status.userInfo).toEqual({
      username: 'office:jane',
      groups: ['office:dev', 'system:authenticated'],
      extra: { 'example.com/badge': ['42'] },
    });
    await credential({ sub: 'fired', teams: [], badge: '' });
    expect((await kubectlAsEmployee('auth whoami')).stderr).toContain('You must be logged in to the server');
  });

  it('takes a token of a new key of the issuer', async () => {
    pair = await generateKeyPair('ES256', { extractable: true });
    keyId = 'second';
    await credential({ sub: 'john', teams: [], badge: '1' });
    await eventually('the new key', 15_000, async () => (await kubectlAsEmployee('auth whoami')).code === 0);
  });

  it('asks the webhook about them', async () => {
    const allowed = await kubectlAsEmployee('create configmap mine --from-literal=a=1');
    expect([allowed.code, allowed.stderr]).toEqual([0, '']);
    const refused = await kubectlAsEmployee('get configmaps -n kube-system');
    expect(refused.stderr).toContain('the office says no');
    expect((await kubectlAsEmployee('auth can-i list secrets -n default')).stdout).toBe('yes\n');
  });

  it('keeps audit events and sends them on', async () => {
    // Events of what storage answered and of what was refused before it come by ways of their own.
    const writes = await eventually('the events', 10_000, async () => {
      const events = (await auditEvents()).filter(({ requestURI }) => requestURI.includes('/configmaps'));
      const codes = events.map(({ responseStatus }) => responseStatus?.code);
      return codes.includes(201) && codes.includes(403) && events;
    });
    const created = writes.find(({ verb, user }) => verb === 'create' && user.username === 'office:john');
    expect(created).toMatchObject({ stage: 'ResponseComplete', responseStatus: { code: 201 } });
    expect(writes.find(({ verb }) => verb === 'create')).toMatchObject({
      requestObject: { kind: 'ConfigMap', data: { a: '1' } },
      responseObject: { kind: 'ConfigMap', metadata: { name: 'mine' } },
      annotations: { 'authorization.k8s.io/decision': 'allow' },
    });
    expect(JSON.stringify(writes)).not.toContain('managedFields');
    await eventually('the webhook', 30_000, async () => sent.some(({ auditID }) => auditID === created?.auditID));
    expect((await kedge('audit')).split('\n').some((line) => /\s201\s+office:john\s+create\s/.test(line))).toBe(true);
  });

  it('keeps its settings over a restart, and changes them while it runs', async () => {
    await cluster.down();
    await cluster.up();
    await credential({ sub: 'jane', teams: [], badge: '' });
    expect((await kubectlAsEmployee('auth whoami')).stdout).toContain('office:jane');
    const names = (JSON.parse(await kedge('config', 'get')) as { name: string }[]).map(({ name }) => name);
    expect(names.sort()).toEqual(['audit-policy', 'audit-webhook', 'authentication', 'authorization']);
    await kedge('config', 'unset', 'authentication');
    await eventually('the end of the issuer', 10_000, async () => (await kubectlAsEmployee('auth whoami')).code !== 0);
    const wrong = write('wrong.yaml', 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Loud}]\n');
    const refused = await cluster.kedge(['config', 'set', 'audit-policy', wrong]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      `kedge config set: ${wrong}: rules[0].level: Unsupported value: "Loud": supported values: "None", "Metadata", "Request", "RequestResponse"\n`,
    ]);
  });
});
