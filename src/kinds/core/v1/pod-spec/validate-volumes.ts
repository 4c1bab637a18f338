/** Volumes of a pod spec. Upstream: core/validation ValidateVolumes. */
import { parseQuantity } from '../../../../machinery/quantity.ts';
import type { FieldError } from '../../../../machinery/status.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import type { Volume } from '../../../generated/types/core-v1.ts';
import { validateClaimTemplate } from '../persistent-volume-claim/validate.ts';
import type { PodContext } from './context.ts';
import { localPath } from './paths.ts';
import { validatePullPolicy } from './validate-choice.ts';
import { validateDownwardFile, validateItems, validateMode, validateProjected } from './validate-projected.ts';
import {
  iscsiTooLong,
  requireTexts,
  validateAzureDisk,
  validateDisk,
  validateDriverName,
  validateElasticBlock,
  validateFC,
  validateFlex,
  validateFlocker,
  validateHostPath,
  validateISCSI,
  validateMonitors,
  validateNFS,
  validateQuobyte,
  validateRBD,
  validateSecretRef,
  validateStorageOS,
} from './validate-volume-sources.ts';

type SourceName = Exclude<keyof Volume, 'name'>;

interface SourceRule<K extends SourceName = SourceName> {
  name: K;
  /** How messages name the source, where they do not call it by its name. */
  refused?: string;
  at?: string;
  check(source: NonNullable<Volume[K]>, path: string, context: PodContext): FieldError[];
}

const rule = <K extends SourceName>(
  name: K,
  check: SourceRule<K>['check'],
  names: Pick<SourceRule, 'refused' | 'at'> = {},
): SourceRule => ({ name, check: check as SourceRule['check'], ...names });

const texts =
  (...names: string[]) =>
  (source: object, path: string): FieldError[] =>
    requireTexts(source, names, path);

/** Every source but the empty directory, in upstream's order. */
const SOURCES: readonly SourceRule[] = [
  rule('hostPath', validateHostPath),
  rule('gitRepo', (source, path) => [
    ...requireTexts(source, ['repository'], path),
    ...localPath(source.directory ?? '', `${path}.directory`),
  ]),
  rule('gcePersistentDisk', validateDisk, { at: 'persistentDisk' }),
  rule('awsElasticBlockStore', validateElasticBlock),
  rule('secret', (source, path) => [
    ...requireTexts(source, ['secretName'], path),
    ...validateMode(source.defaultMode, `${path}.defaultMode`),
    ...validateItems(source.items, `${path}.items`),
  ]),
  rule('nfs', validateNFS),
  rule('iscsi', (source, path) => validateISCSI(source, path)),
  rule('glusterfs', texts('endpoints', 'path')),
  rule('flocker', validateFlocker),
  rule('persistentVolumeClaim', texts('claimName')),
  rule('rbd', validateRBD),
  rule('cinder', (source, path) => [
    ...requireTexts(source, ['volumeID'], path),
    ...validateSecretRef(source.secretRef, path, false),
  ]),
  rule('cephfs', validateMonitors, { refused: 'cephFS' }),
  rule('quobyte', validateQuobyte),
  rule(
    'downwardAPI',
    (source, path) => [
      ...validateMode(source.defaultMode, `${path}.defaultMode`),
      ...(source.items ?? []).flatMap((file) => validateDownwardFile(file, path)),
    ],
    { refused: 'downwarAPI' },
  ),
  rule('fc', validateFC),
  rule('flexVolume', validateFlex),
  rule('configMap', (source, path) => [
    ...requireTexts(source, ['name'], path),
    ...validateMode(source.defaultMode, `${path}.defaultMode`),
    ...validateItems(source.items, `${path}.items`),
  ]),
  rule('azureFile', texts('secretName', 'shareName')),
  rule('vsphereVolume', texts('volumePath')),
  rule('photonPersistentDisk', texts('pdID')),
  rule('portworxVolume', texts('volumeID')),
  rule('azureDisk', validateAzureDisk),
  rule('storageos', (source, path) => validateStorageOS(source, path, false)),
  rule('projected', validateProjected),
  rule('scaleIO', texts('gateway', 'system', 'volumeName')),
  rule('csi', (source, path) => {
    const errors = validateDriverName(source.driver, `${path}.driver`);
    const secret = source.nodePublishSecretRef;
    if (!secret) return errors;
    if (!secret.name) return [...errors, requiredError(`${path}.nodePublishSecretRef.name`)];
    return [...errors, ...invalidErrors(`${path}.name`, secret.name, dns1123Subdomain(secret.name))];
  }),
  rule('ephemeral', (source, path) =>
    source.volumeClaimTemplate
      ? validateClaimTemplate(source.volumeClaimTemplate, `${path}.volumeClaimTemplate`)
      : [requiredError(`${path}.volumeClaimTemplate`)],
  ),
  rule('image', (source, path, { isPod }) => [
    ...(isPod ? requireTexts(source, ['reference'], path) : []),
    ...validatePullPolicy(source.pullPolicy, `${path}.pullPolicy`),
  ]),
];

/** The volumes without a fault, by name; containers may mount these. */
export type KnownVolumes = ReadonlyMap<string, Volume>;

export function validateVolumes(
  volumes: readonly Volume[],
  path: string,
  context: PodContext,
): { known: KnownVolumes; errors: FieldError[] } {
  const known = new Map<string, Volume>();
  const errors: FieldError[] = [];
  const ephemeral = context.podName
    ? new Set(volumes.filter((volume) => volume.ephemeral).map((volume) => `${context.podName}-${volume.name}`))
    : undefined;
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`;
    const found = validateSources(volume, at, context);
    if (!volume.name) found.push(requiredError(`${at}.name`));
    else found.push(...invalidErrors(`${at}.name`, volume.name, dns1123Label(volume.name)));
    if (known.has(volume.name)) found.push(duplicateError(`${at}.name`, volume.name));
    if (found.length === 0) known.set(volume.name, volume);
    else errors.push(...found);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim && ephemeral?.has(claim))
      errors.push(
        invalidError(
          `${at}.persistentVolumeClaim.claimName`,
          claim,
          'must not reference a PVC that gets created for an ephemeral volume',
        ),
      );
  }
  return { known, errors };
}

function validateSources(volume: Volume, path: string, context: PodContext): FieldError[] {
  const errors: FieldError[] = [];
  let sources = 0;
  if (volume.emptyDir) {
    sources++;
    const { sizeLimit } = volume.emptyDir;
    if (sizeLimit !== undefined && parseQuantity(sizeLimit).sign < 0)
      errors.push(forbiddenError(`${path}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
  }
  for (const { name, refused = name, at = name, check } of rulesOf(volume)) {
    const source = volume[name];
    if (source === undefined || source === null) continue;
    if (sources > 0) errors.push(forbiddenError(`${path}.${refused}`, 'may not specify more than 1 volume type'));
    else {
      sources++;
      errors.push(...check(source, `${path}.${at}`, context));
      if (name === 'ephemeral') errors.push(...validateClaimName(volume.name, path, context));
    }
    if (name === 'iscsi' && volume.iscsi) {
      const long = iscsiTooLong(volume.name, volume.iscsi);
      if (long) errors.push(invalidError(`${path}.name`, volume.name, long));
    }
  }
  if (sources === 0) errors.push(requiredError(path, 'must specify a volume type'));
  return errors;
}

const RULES = new Map<string, SourceRule>(SOURCES.map((item) => [item.name, item]));

/** A volume hardly ever names more than one source; only then does the order of the rules count. */
function rulesOf(volume: Volume): readonly SourceRule[] {
  const found: SourceRule[] = [];
  for (const name in volume) {
    const own = RULES.get(name);
    if (own) found.push(own);
  }
  return found.length > 1 ? SOURCES : found;
}

/** The claim of an ephemeral volume is called after pod and volume. */
function validateClaimName(volume: string, path: string, { podName }: PodContext): FieldError[] {
  if (!podName || !volume) return [];
  const name = `${podName}-${volume}`;
  return dns1123Subdomain(name).map((text) => invalidError(`${path}.name`, volume, `PVC name "${name}": ${text}`));
}
