/** Gives every pod a service account and its token. Upstream: plugin/pkg/admission/serviceaccount. */
import { nameSuffix } from '../../../base/random.ts';
import type { Container, Pod, PodSpec, ServiceAccount, Volume } from '../../../kinds/index.ts';
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
  },
  async validate(request, context) {
    const pod = podOf(request);
    if (isMirror(pod)) {
      if (isPodCreate(request)) checkMirror(request, pod.spec);
      return;
    }
    const name = pod.spec.serviceAccountName;
    if (!name) {
      if (isPodCreate(request))
        throw refusal(request, `no service account specified for pod ${request.namespace}/${request.name}`);
      return;
    }
    const account = await accountOf(request, name, context);
    if (account.metadata.annotations?.[ENFORCE_SECRETS] === 'true') checkSecrets(request, pod.spec, account);
  },
};

const isEphemeralUpdate = (request: AdmissionRequest): boolean =>
  isPod({ ...request, subresource: '' }, 'UPDATE') && request.subresource === 'ephemeralcontainers';

const isMirror = (pod: Pod): boolean => pod.metadata.annotations?.[MIRROR] !== undefined;

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
  const projected = spec.volumes?.some((volume) =>
    volume.projected?.sources?.some((source) => source.serviceAccountToken),
  );
  if (projected) throw refusal(request, 'a mirror pod may not use ServiceAccountToken volume projections');
  if (referencesSecret(spec)) throw refusal(request, 'a mirror pod may not reference secrets');
}

function referencesSecret(spec: PodSpec): boolean {
  return (
    (spec.volumes ?? []).some(
      (volume) => volume.secret || volume.projected?.sources?.some((source) => source.secret),
    ) ||
    (spec.imagePullSecrets?.length ?? 0) > 0 ||
    containersOf(spec).some(
      (container) =>
        container.envFrom?.some((source) => source.secretRef) ||
        container.env?.some((one) => one.valueFrom?.secretKeyRef),
    )
  );
}

function checkSecrets(request: AdmissionRequest, spec: PodSpec, account: ServiceAccount): void {
  const allowed = new Set(account.secrets?.map((secret) => secret.name));
  const because = (what: string): string =>
    `because service account ${account.metadata.name} does not reference that ${what}`;
  const check = (name: string | undefined, where: string): void => {
    if (name !== undefined && !allowed.has(name)) {
      throw refusal(request, `${where}secret.secretName=${JSON.stringify(name)} is not allowed ${because('secret')}`);
    }
  };
  for (const volume of spec.volumes ?? []) check(volume.secret?.secretName, 'volume with ');
  const groups: [string, Container[] | undefined][] = [
    ['init container', spec.initContainers],
    ['container', spec.containers],
    ['ephemeral container', spec.ephemeralContainers],
  ];
  for (const [kind, containers] of groups) {
    for (const container of containers ?? []) {
      const who = `${kind} ${container.name}`;
      for (const { name, valueFrom } of container.env ?? []) {
        check(valueFrom?.secretKeyRef?.name, `${who} with envVar ${name} referencing `);
      }
      for (const { secretRef } of container.envFrom ?? []) check(secretRef?.name, `${who} with envFrom referencing `);
    }
  }
  const pullable = new Set(account.imagePullSecrets?.map((secret) => secret.name));
  spec.imagePullSecrets?.forEach(({ name }, index) => {
    if (pullable.has(name)) return;
    throw refusal(
      request,
      `imagePullSecrets[${index}].name=${JSON.stringify(name)} is not allowed ${because('imagePullSecret')}`,
    );
  });
}
