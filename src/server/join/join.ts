/**
 * How a machine becomes a node: it shows a join token once and gets a credential bound to its name, which it renews
 * with that credential. Bootstrap tokens are upstream's; the two routes are Kedge's own.
 */
import * as z from 'zod/mini';
import type { KubeObject } from '../../machinery/meta.ts';
import {
  badRequest,
  conflict,
  internalError,
  requestEntityTooLarge,
  StatusError,
  unauthorized,
} from '../../machinery/status.ts';
import { apiTime } from '../../machinery/time.ts';
import type { ObjectKey, StoredObject } from '../../storage/contract.ts';
import { authenticateBootstrapToken, parseBootstrapToken } from '../authn/bootstrap-token.ts';
import {
  NODE_CREDENTIAL_NAMESPACE,
  nodeClaims,
  nodeCredentialName,
  nodeOf,
  type ObjectLookup,
  type SigningKeys,
  validGeneration,
} from '../authn/index.ts';
import { apiServiceAddress } from '../bootstrap/index.ts';
import { issueServingCertificate } from '../cluster-keys.ts';
import type { Authenticator, ConfigCache, KindRegistry, ServerOptions } from '../contract.ts';
import { encodeObject } from '../encode.ts';

export interface JoinDeps {
  options: ServerOptions;
  kinds: KindRegistry;
  config: ConfigCache;
  lookup: ObjectLookup;
  signing: SigningKeys;
  authenticator: Authenticator;
}

/** Body of `POST /kedge/v1/join`. */
export interface JoinRequest {
  /** A join token, `abcdef.0123456789abcdef`. */
  token: string;
  nodeName: string;
  /** PEM of the agent's public key; with it the answer has a serving certificate. */
  publicKey?: string;
}

/** Body of the answers of `join` and `renew`. */
export interface NodeCredential {
  nodeName: string;
  /** Bearer token of the node. */
  token: string;
  /** RFC 3339. */
  expiresAt: string;
  /** PEM of the cluster's authority. */
  caCertificate: string;
  /** PEM, for the public key given: the API endpoint inside the cluster, and the node's kubelet API. */
  servingCertificate?: string;
  cluster: {
    serviceCIDR: string;
    /** Address of the `kubernetes` Service. */
    apiServiceIP: string;
    dnsIP: string;
    clusterDomain: string;
  };
}

const LIFETIME_SECONDS = 365 * 24 * 3_600;
/** A node that was seen so recently is alive: nobody else may take its name. Upstream's lease duration. */
const ALIVE_FOR_MS = 40_000;
const MAX_BODY_CHARACTERS = 65_536;
const MAX_NAME = 200;
const NODE_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const ROUTES = new Map<string, (request: Request, deps: JoinDeps) => Promise<NodeCredential>>([
  ['/kedge/v1/join', join],
  ['/kedge/v1/renew', renew],
]);

/** Answers `join` and `renew`; undefined for every other path. */
export async function answerJoin(request: Request, deps: JoinDeps): Promise<Response | undefined> {
  if (!request.url.includes('/kedge/v1/')) return undefined;
  const route = ROUTES.get(new URL(request.url).pathname);
  if (!route) return undefined;
  try {
    if (request.method !== 'POST') throw new StatusError(405, 'MethodNotAllowed', 'send a POST request');
    return Response.json(await route(request, deps), { headers: { 'Cache-Control': 'no-store' } });
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return Response.json(error.status, { status: error.code });
  }
}

async function join(request: Request, deps: JoinDeps): Promise<NodeCredential> {
  const body = await readBody(request);
  const token = parseBootstrapToken(String(body.token ?? ''));
  if (!token)
    throw unauthorized('the join token must look like abcdef.0123456789abcdef; get one with: kedge token create');
  if (!(await authenticateBootstrapToken(token, deps.lookup, deps.options.clock))) {
    throw unauthorized('the join token is unknown or has expired; get a new one with: kedge token create');
  }
  const name = checkName(body.nodeName);
  await checkNotAlive(name, deps);
  const generation = deps.options.random.uuid();
  await storeGeneration(name, generation, deps);
  return credential(name, generation, { ...deps, publicKey: body.publicKey });
}

async function renew(request: Request, deps: JoinDeps): Promise<NodeCredential> {
  const body = await readBody(request);
  const user = await deps.authenticator.authenticate(request);
  const name = user ? nodeOf(user) : undefined;
  if (name === undefined)
    throw unauthorized('show the credential of a node to renew it; join the node anew if it has none');
  const generation = await validGeneration(name, deps.lookup);
  if (generation === undefined) throw unauthorized('the credential of this node was revoked; join the node anew');
  return credential(name, generation, { ...deps, publicKey: body.publicKey });
}

/** Bodies of both routes; what is needed beyond the types is checked where it is used, with a message of its own. */
const bodySchema = () =>
  z.object({
    token: z.optional(z.string('must be a text')),
    nodeName: z.optional(z.string('must be a text')),
    publicKey: z.optional(z.string('must be a PEM text')),
  });

async function readBody(request: Request): Promise<Partial<JoinRequest>> {
  const text = await request.text();
  if (text.length > MAX_BODY_CHARACTERS) throw requestEntityTooLarge(`limit is ${MAX_BODY_CHARACTERS}`);
  if (text.trim() === '') return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw badRequest('the body is no JSON');
  }
  const parsed = bodySchema().safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (!issue || issue.path.length === 0) throw badRequest('the body must be a JSON object');
  throw badRequest(`${issue.path.join('.')} ${issue.message}`);
}

function checkName(name: unknown): string {
  if (typeof name === 'string' && name.length <= MAX_NAME && NODE_NAME.test(name)) return name;
  throw badRequest(
    `nodeName must be a lower-case DNS name of at most ${MAX_NAME} characters, as "worker-1"; choose one with --name`,
  );
}

async function checkNotAlive(name: string, { options }: JoinDeps): Promise<void> {
  const seen = (await options.nodes.lastSeen([name])).get(name);
  if (seen === undefined || options.clock.now() - seen > ALIVE_FOR_MS) return;
  throw conflict(
    { group: '', kind: 'nodes' },
    name,
    'a node of this name is connected; stop it first, or choose another --name',
  );
}

/** Makes `generation` the only valid one. */
async function storeGeneration(name: string, generation: string, deps: JoinDeps): Promise<void> {
  const { store, random, clock } = deps.options;
  const key: ObjectKey = { resource: 'secrets', namespace: NODE_CREDENTIAL_NAMESPACE, name: nodeCredentialName(name) };
  const shard = store.shardOf(key.resource);
  const present = await shard.get(key);
  const object = encodeObject(
    secretKind(deps),
    credentialSecret(key, generation, { present: present.object, random, now: clock.now() }),
  );
  const result = await shard.transact({
    id: random.uuid(),
    ops: present.object
      ? [{ type: 'update', key, object, expect: { revision: present.object.revision } }]
      : [{ type: 'create', key, object }],
  });
  deps.config.observe(result.tracked, key.resource);
  if (result.ok) return;
  if (result.why === 'TooLarge' || result.why === 'Full')
    throw internalError(`the credential was not stored: ${result.why}`);
  throw conflict({ group: '', kind: 'nodes' }, name, 'another machine joins under this name right now');
}

function secretKind({ kinds }: JoinDeps) {
  const kind = kinds.byStored('secrets');
  if (!kind) throw internalError('the kind Secret is not served');
  return kind;
}

interface SecretInput {
  present: StoredObject | null;
  random: { uuid(): string };
  now: number;
}

function credentialSecret(key: ObjectKey, generation: string, { present, random, now }: SecretInput): KubeObject {
  const old = present ? (JSON.parse(present.text) as KubeObject).metadata : undefined;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...old,
      name: key.name,
      namespace: key.namespace,
      uid: old?.uid ?? random.uuid(),
      creationTimestamp: old?.creationTimestamp ?? apiTime(now),
    },
    type: 'kedge.dev/node-credential',
    data: { generation: btoa(generation) },
  };
}

async function credential(
  name: string,
  generation: string,
  { options, signing, publicKey }: JoinDeps & { publicKey: string | undefined },
): Promise<NodeCredential> {
  const { settings, clock, random } = options;
  const keys = await options.keys();
  const issuedAt = Math.floor(clock.now() / 1_000);
  const token = await signing.sign({
    ...nodeClaims({ name, generation }),
    iss: settings.serviceAccountIssuer,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + LIFETIME_SECONDS,
    jti: random.uuid(),
  });
  const apiServiceIP = apiServiceAddress(settings.serviceCIDR);
  const result: NodeCredential = {
    nodeName: name,
    token,
    expiresAt: new Date((issuedAt + LIFETIME_SECONDS) * 1_000).toISOString(),
    caCertificate: keys.caCertificate,
    cluster: {
      serviceCIDR: settings.serviceCIDR,
      apiServiceIP,
      dnsIP: apiServiceIP.replace(/\d+$/, (last) => String(Number(last) + 9)),
      clusterDomain: settings.clusterDomain,
    },
  };
  if (publicKey === undefined) return result;
  const names = [name, 'localhost', ...apiNames(settings.clusterDomain)];
  try {
    result.servingCertificate = await issueServingCertificate(
      keys,
      { names, ips: [apiServiceIP, '127.0.0.1'], publicKey },
      { clock, random },
    );
  } catch {
    throw badRequest('publicKey must be PEM of an RSA or P-256 public key');
  }
  return result;
}

/** Names of the API server inside the cluster. */
const apiNames = (domain: string): string[] => [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  `kubernetes.default.svc.${domain}`,
];
