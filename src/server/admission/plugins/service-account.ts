/** Gives every pod a service account and its token. Upstream: plugin/pkg/admission/serviceaccount. */
import { nameSuffix } from '../../../base/random.ts';
import type { Container, Pod, PodSpec, ServiceAccount, Volume } from '../../../kinds/index.ts';
import { StatusError } from '../../../machinery/status.ts';
import { podReferences } from '../../authz/pod-references.ts';
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest } from '../../contract.ts';
import { containersOf, findObject, isPod, isPodCreate, podOf, refusal } from '../requests.ts';

const DEFAULT_ACCOUNT = 'default';
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
const MIRROR = 'kubernetes.io/config.mirror';
const ENFORCE_SECRETS = 'kubernetes.io/enforce-mountable-secrets';
const TOKEN_SECONDS = 3_607;

export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  handles: (request) => isPodCreate(request) || isEphemeralUpdate(request),
  async admit(request, context) {
    if (!isPodCreate(request)) return;
    const pod = podOf(request);
    const { spec } = pod;
    if (isMirror(pod)) {
      checkMirror(request, spec);
      return;
    }
    if (!spec.serviceAccountName) spec.serviceAccountName = spec.serviceAccount || DEFAULT_ACCOUNT;
    spec.serviceAccount = spec.serviceAccountName;
    const account = await accountOf(request, spec.serviceAccountName, context);
    if (mountsToken(account, spec)) mountToken(spec, context);
    if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
      spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => ({ name }));
    }
    const refused = secretFault(spec, account);
    if (refused) throw refusal(request, refused);
  },
  async validate(request, context) {
    if (!isPodCreate(request)) return checkEphemeral(request, context);
    const pod = podOf(request);
    if (isMirror(pod)) {
      checkMirror(request, pod.spec);
      return;
    }
    const refused = secretFault(pod.spec, await usedAccount(request, context));
    if (refused) throw refusal(request, refused);
  },
};

const isEphemeralUpdate = (request: AdmissionRequest): boolean =>
  isPod({ ...request, subresource: '' }, 'UPDATE') && request.subresource === 'ephemeralcontainers';

const isMirror = (pod: Pod): boolean => pod.metadata.annotations?.[MIRROR] !== undefined;

/** The account that a pod names, which it must by now. */
function usedAccount(request: AdmissionRequest, context: AdmissionContext): Promise<ServiceAccount> {
  const { spec, metadata } = podOf(request);
  if (spec.serviceAccountName) return accountOf(request, spec.serviceAccountName, context);
  throw refusal(request, `no service account specified for pod ${request.namespace}/${metadata.name ?? ''}`);
}

async function accountOf(request: AdmissionRequest, name: string, context: AdmissionContext): Promise<ServiceAccount> {
  const { namespace } = request;
  const account = await findObject<ServiceAccount>(context, { resource: 'serviceaccounts', namespace, name });
  if (account) return account;
  throw refusal(
    request,
    `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
  );
}

function mountsToken(account: ServiceAccount, spec: PodSpec): boolean {
  return spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
}

/** Adds the mount where nothing is mounted at its path, and the volume when there is such a mount. */
function mountToken(spec: PodSpec, { random }: AdmissionContext): void {
  const present = spec.volumes?.find((volume) => volume.name.startsWith(VOLUME_PREFIX));
  const taken = new Set(spec.volumes?.map((volume) => volume.name));
  let name = present?.name ?? VOLUME_PREFIX + nameSuffix(random);
  while (!present && taken.has(name)) name = VOLUME_PREFIX + nameSuffix(random);
  let needed = false;
  for (const container of containersOf(spec, false)) {
    if (container.volumeMounts?.some((mount) => mount.mountPath === MOUNT_PATH)) continue;
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: MOUNT_PATH }];
    needed = true;
  }
  if (needed && !present) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
      defaultMode: 0o644,
    },
  };
}

function checkMirror(request: AdmissionRequest, spec: PodSpec): void {
  if (spec.serviceAccountName) throw refusal(request, 'a mirror pod may not reference service accounts');
  if (podReferences(spec).secrets.size > 0) throw refusal(request, 'a mirror pod may not reference secrets');
  const projected = spec.volumes?.some((volume) =>
    volume.projected?.sources?.some((source) => source.serviceAccountToken),
  );
  if (projected) throw refusal(request, 'a mirror pod may not use ServiceAccountToken volume projections');
}

/** A refusal here is an error of its own to upstream and not told as forbidden. */
async function checkEphemeral(request: AdmissionRequest, context: AdmissionContext): Promise<void> {
  const account = await usedAccount(request, context);
  if (!enforcesSecrets(account)) return;
  const { ephemeralContainers = [] } = podOf(request).spec;
  const fault = containersFault('ephemeral container', ephemeralContainers, account);
  if (fault) throw new StatusError(500, '', fault);
}

/** Words that Go reads as true. */
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

const enforcesSecrets = ({ metadata }: ServiceAccount): boolean =>
  TRUE.has(metadata.annotations?.[ENFORCE_SECRETS] ?? '');

const because = (account: ServiceAccount, what: string): string =>
  `is not allowed because service account ${account.metadata.name} does not reference that ${what}`;

/** Which secret of the pod its account does not list, where it must; undefined for none. */
function secretFault(spec: PodSpec, account: ServiceAccount): string | undefined {
  if (!enforcesSecrets(account)) return undefined;
  const mountable = mountableSecrets(account);
  for (const { secret } of spec.volumes ?? []) {
    const name = secret?.secretName ?? '';
    if (secret && !mountable.has(name)) return `volume with secret.secretName="${name}" ${because(account, 'secret')}`;
  }
  const fault =
    containersFault('init container', spec.initContainers ?? [], account) ??
    containersFault('container', spec.containers ?? [], account);
  if (fault) return fault;
  const pullable = new Set(account.imagePullSecrets?.map((secret) => secret.name ?? ''));
  const index = (spec.imagePullSecrets ?? []).findIndex(({ name }) => !pullable.has(name ?? ''));
  if (index < 0) return undefined;
  return `imagePullSecrets[${index}].name="${spec.imagePullSecrets?.[index]?.name ?? ''}" ${because(account, 'imagePullSecret')}`;
}

const mountableSecrets = (account: ServiceAccount): Set<string> =>
  new Set(account.secrets?.map((secret) => secret.name ?? ''));

function containersFault(kind: string, containers: readonly Container[], account: ServiceAccount): string | undefined {
  const mountable = mountableSecrets(account);
  for (const { name: container, env = [], envFrom = [] } of containers) {
    const uses = [
      ...env.map(({ name, valueFrom }) => [`envVar ${name}`, valueFrom?.secretKeyRef] as const),
      ...envFrom.map(({ secretRef }) => ['envFrom', secretRef] as const),
    ];
    for (const [where, secret] of uses) {
      if (!secret || mountable.has(secret.name ?? '')) continue;
      return `${kind} ${container} with ${where} referencing secret.secretName="${secret.name ?? ''}" ${because(account, 'secret')}`;
    }
  }
  return undefined;
}
