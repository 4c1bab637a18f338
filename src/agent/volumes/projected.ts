import type { Pod, ServiceAccountTokenProjection } from '../../kinds/index.ts';
import type { ObjectReference, PodContext, ServiceAccountToken } from '../pods/context.ts';
import { type FileContent, writeAtomically } from './atomic-writer.ts';
import { VolumeError, type VolumePlugin } from './contract.ts';
import { addDownwardFiles } from './downward-api.ts';
import { addObjectFiles } from './object-files.ts';
import { mountTmpfs } from './tmpfs.ts';

const DEFAULT_MODE = 0o644;
const DEFAULT_EXPIRATION = 3600;
const DAY = 24 * 3600 * 1000;

/** When a token wants to be replaced: after 80 % of its life, or a day. Upstream: pkg/kubelet/token. */
export const tokenRefreshAt = (token: ServiceAccountToken): number =>
  Math.min(token.issuedAt + 0.8 * (token.expiresAt - token.issuedAt), token.issuedAt + DAY);

/** The user that all containers run as, who then owns the token. */
function commonUser(pod: Pod): number | undefined {
  const shared = pod.spec?.securityContext?.runAsUser;
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const users = new Set(containers.map((container) => container.securityContext?.runAsUser ?? shared));
  return users.size === 1 ? [...users][0] : undefined;
}

async function addToken(
  files: Map<string, FileContent>,
  source: { pod: Pod; projection: ServiceAccountTokenProjection; defaultMode: number },
  context: PodContext,
): Promise<number> {
  const { pod, projection } = source;
  const { audience, expirationSeconds = DEFAULT_EXPIRATION, path } = projection;
  const token = await context.tokens.request(pod, audience || undefined, expirationSeconds);
  const uid = commonUser(pod);
  const owned = uid !== undefined || pod.spec?.securityContext?.fsGroup !== undefined;
  const file: FileContent = { content: Buffer.from(token.token), mode: owned ? 0o600 : source.defaultMode };
  if (uid !== undefined) file.uid = uid;
  files.set(path, file);
  return tokenRefreshAt(token);
}

export const projectedVolume: VolumePlugin = {
  folder: 'kubernetes.io~projected',
  handles: (volume) => volume.projected !== undefined,
  references(volume, namespace) {
    const references: ObjectReference[] = [];
    for (const { configMap, secret } of volume.projected?.sources ?? []) {
      if (configMap) references.push({ kind: 'ConfigMap', namespace, name: configMap.name ?? '' });
      if (secret) references.push({ kind: 'Secret', namespace, name: secret.name ?? '' });
    }
    return references;
  },
  async setUp({ pod, volume, folder, context }) {
    const { sources = [], defaultMode = DEFAULT_MODE } = volume.projected ?? {};
    const namespace = pod.metadata.namespace ?? '';
    const files = new Map<string, FileContent>();
    let refreshAt: number | undefined;
    for (const { configMap, secret, downwardAPI, serviceAccountToken, ...other } of sources) {
      const object = configMap ?? secret;
      if (object !== undefined) {
        const { name = '', items, optional = false } = object;
        const kind = configMap ? 'ConfigMap' : 'Secret';
        await addObjectFiles(files, { kind, namespace, name, items, optional, defaultMode }, context);
      } else if (downwardAPI) {
        addDownwardFiles(files, { pod, items: downwardAPI.items ?? [], defaultMode }, context);
      } else if (serviceAccountToken) {
        const due = await addToken(files, { pod, projection: serviceAccountToken, defaultMode }, context);
        refreshAt = Math.min(refreshAt ?? due, due);
      } else {
        throw new VolumeError(`projected source ${Object.keys(other).join(', ')} is not supported by this node`);
      }
    }
    await mountTmpfs(folder);
    await writeAtomically(folder, files, { now: context.clock.now(), fsGroup: pod.spec?.securityContext?.fsGroup });
    return { path: folder, readOnly: true, ...(refreshAt === undefined ? {} : { refreshAt }) };
  },
};
