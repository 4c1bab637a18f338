/** The Secrets and ConfigMaps that the spec of a pod names. Upstream: pkg/api/pod VisitPodSecretNames, VisitPodConfigmapNames. */
import type { PodSpec, Volume } from '../../kinds/index.ts';

export interface PodReferences {
  secrets: Set<string>;
  configMaps: Set<string>;
}

/** By name, without those that are empty; of pull secrets, containers of all sorts and volumes. */
export function podReferences(spec: PodSpec): PodReferences {
  const secrets = new Set<string | undefined>(spec.imagePullSecrets?.map((secret) => secret.name));
  const configMaps = new Set<string | undefined>();
  for (const container of [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ]) {
    for (const source of container.envFrom ?? []) {
      secrets.add(source.secretRef?.name);
      configMaps.add(source.configMapRef?.name);
    }
    for (const variable of container.env ?? []) {
      secrets.add(variable.valueFrom?.secretKeyRef?.name);
      configMaps.add(variable.valueFrom?.configMapKeyRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    secretsOf(volume, secrets);
    configMaps.add(volume.configMap?.name);
    for (const source of volume.projected?.sources ?? []) configMaps.add(source.configMap?.name);
  }
  return { secrets: named(secrets), configMaps: named(configMaps) };
}

function secretsOf(volume: Volume, secrets: Set<string | undefined>): void {
  for (const source of volume.projected?.sources ?? []) secrets.add(source.secret?.name);
  for (const name of [
    volume.secret?.secretName,
    volume.azureFile?.secretName,
    volume.cephfs?.secretRef?.name,
    volume.cinder?.secretRef?.name,
    volume.csi?.nodePublishSecretRef?.name,
    volume.flexVolume?.secretRef?.name,
    volume.iscsi?.secretRef?.name,
    volume.rbd?.secretRef?.name,
    volume.scaleIO?.secretRef?.name,
    volume.storageos?.secretRef?.name,
  ])
    secrets.add(name);
}

function named(names: Set<string | undefined>): Set<string> {
  names.delete(undefined);
  names.delete('');
  return names as Set<string>;
}

/** The claim of a volume of the pod, which for an ephemeral one is made for it; undefined when it has none. */
export function claimName(volume: Volume, pod: string): string | undefined {
  if (volume.persistentVolumeClaim) return volume.persistentVolumeClaim.claimName;
  return volume.ephemeral ? `${pod}-${volume.name}` : undefined;
}
