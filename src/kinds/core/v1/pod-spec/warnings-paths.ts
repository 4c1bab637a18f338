/** Files of a volume that lie over each other. Upstream: pkg/api/pod warningsForOverlappingVirtualPaths. */
import { quote } from '../../../../machinery/quote.ts';
import type { Volume, VolumeProjection } from '../../../generated/types/core-v1.ts';

interface File {
  path: string;
  /** What writes it, in a volume of several sources. */
  source: string;
}

const shown = ({ path, source }: File): string => (source === '' ? quote(path) : `${quote(path)} (${source})`);

const filesOf = (items: readonly { path?: string }[] | undefined, source: string): File[] =>
  (items ?? []).map(({ path = '' }) => ({ path: path.replace(/\/+$/, ''), source }));

export function overlapWarnings(volumes: readonly Volume[]): string[] {
  const warnings: string[] = [];
  for (const { name, configMap, secret, downwardAPI, projected } of volumes) {
    if (configMap?.items) warnings.push(...overlaps(name, 'ConfigMap', filesOf(configMap.items, '')));
    if (secret?.items) warnings.push(...overlaps(name, 'Secret', filesOf(secret.items, '')));
    if (downwardAPI?.items) warnings.push(...overlaps(name, 'DownwardAPI', filesOf(downwardAPI.items, '')));
    if (!projected) continue;
    const files: File[] = [];
    for (const source of projected.sources ?? []) {
      if (Object.values(source).every((part) => part === undefined))
        warnings.push(`volume ${quote(name)} (Projected) has no sources provided`);
      files.push(...filesOfSource(source));
    }
    warnings.push(...overlaps(name, 'Projected', files));
  }
  return warnings;
}

function filesOfSource({ configMap, secret, downwardAPI, serviceAccountToken }: VolumeProjection): File[] {
  if (configMap) return filesOf(configMap.items, `ConfigMap ${quote(configMap.name ?? '')}`);
  if (secret) return filesOf(secret.items, `Secret ${quote(secret.name ?? '')}`);
  if (downwardAPI) return filesOf(downwardAPI.items, 'DownwardAPI');
  return serviceAccountToken ? filesOf([serviceAccountToken], 'ServiceAccountToken') : [];
}

function overlaps(volume: string, kind: string, files: readonly File[]): string[] {
  const warnings: string[] = [];
  for (const [index, file] of files.entries()) {
    for (const other of files.slice(0, index)) {
      const over = file.path === other.path || file.path.startsWith(`${other.path}/`);
      if (over || other.path.startsWith(`${file.path}/`))
        warnings.push(`volume ${quote(volume)} (${kind}): overlapping paths: ${shown(file)} with ${shown(other)}`);
    }
  }
  return warnings;
}
