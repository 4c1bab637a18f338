/** Rules of persistent volumes. Upstream: core/validation ValidatePersistentVolume and its updates. */
import { memberOf } from '../../../machinery/own-member.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { forbiddenError, invalidError } from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type { NodeSelectorRequirement, PersistentVolume, PersistentVolumeSpec } from '../../generated/types/core-v1.ts';
import { internalDiff } from '../../internal-diff.ts';
import { internalForm } from '../../internal-form.ts';
import { selectorTermWarnings } from './node-labels.ts';
import { SOURCES, validateVolumeSpec } from './validate-volume-spec.ts';

type Spec = PersistentVolumeSpec;
type SourceName = Extract<keyof Spec, string>;

const checkSpec = ({ metadata, spec }: PersistentVolume): FieldError[] =>
  validateVolumeSpec(spec, { path: 'spec', name: metadata.name ?? '' });

export const validatePersistentVolume = (volume: PersistentVolume): FieldError[] => [
  ...checkSpec(volume),
  ...validateMountOptions(volume),
];

const MOUNT_OPTIONS = 'volume.beta.kubernetes.io/mount-options';
/** Sources that take mount options. */
const MOUNTED = [
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'nfs',
  'rbd',
  'quobyte',
  'iscsi',
  'cinder',
  'cephfs',
  'azureFile',
  'vsphereVolume',
  'azureDisk',
  'photonPersistentDisk',
] as const satisfies readonly SourceName[];

/** Upstream: volume/validation checkMountOption. */
function validateMountOptions({ metadata, spec }: PersistentVolume): FieldError[] {
  if (metadata.annotations?.[MOUNT_OPTIONS] === undefined || MOUNTED.some((name) => spec[name])) return [];
  const why = 'may not specify mount options for this volume type';
  return [forbiddenError(`metadata.annotations.${MOUNT_OPTIONS}`, why)];
}

/** Labels of nodes that may be named anew. */
const NEW_LABELS: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/** An affinity with the labels of `now` that are the new names of its own. */
function renamed(old: Spec['nodeAffinity'], now: Spec['nodeAffinity']): Spec['nodeAffinity'] {
  const rename = (
    list: readonly NodeSelectorRequirement[] | undefined,
    next: readonly NodeSelectorRequirement[] | undefined,
  ): NodeSelectorRequirement[] | undefined =>
    list?.map((item, index) => {
      const key = next?.[index]?.key;
      // As upstream has it, what has no new name may lose its own.
      return key !== undefined && (memberOf(NEW_LABELS, item.key) ?? '') === key ? { ...item, key } : item;
    });
  const terms = old?.required?.nodeSelectorTerms?.map((term, index) => {
    const next = now?.required?.nodeSelectorTerms?.[index];
    const matchExpressions = rename(term.matchExpressions, next?.matchExpressions);
    return matchExpressions ? { ...term, matchExpressions } : term;
  });
  return terms ? { required: { nodeSelectorTerms: terms } } : (old ?? {});
}

/** The sources among the fields of a volume. */
const sourceForm = (form: object): object =>
  Object.fromEntries(Object.entries(form).filter(([name]) => !NO_SOURCES.has(name)));

const NO_SOURCES: ReadonlySet<string> = new Set([
  'Capacity',
  'AccessModes',
  'ClaimRef',
  'PersistentVolumeReclaimPolicy',
  'StorageClassName',
  'MountOptions',
  'VolumeMode',
  'NodeAffinity',
  'VolumeAttributesClassName',
]);

export function validatePersistentVolumeUpdate(volume: PersistentVolume, old: PersistentVolume): FieldError[] {
  // The handler checks the volume, and so does the check of its update.
  const errors = [...validatePersistentVolume(volume), ...checkSpec(volume)];
  const sourceOf = (spec: Spec): object => Object.fromEntries(SOURCES.map(({ name }) => [name, spec[name]]));
  const now = sourceOf(volume.spec) as Spec;
  if (now.csi?.controllerExpandSecretRef && old.spec.csi && !old.spec.csi.controllerExpandSecretRef) {
    const { controllerExpandSecretRef: _, ...csi } = now.csi;
    now.csi = csi;
  }
  if (!equalJson(now, sourceOf(old.spec))) {
    const form = (spec: Spec): unknown => sourceForm(internalForm('core/v1.PersistentVolumeSpec', spec) as object);
    const diff = internalDiff(form(old.spec), form(volume.spec));
    const why = `spec.persistentvolumesource is immutable after creation\n${diff}`;
    errors.push(forbiddenError('spec.persistentvolumesource', why));
  }
  if (volume.spec.volumeMode !== old.spec.volumeMode)
    errors.push(invalidError('volumeMode', volume.spec.volumeMode ?? null, 'field is immutable'));
  const { nodeAffinity } = volume.spec;
  if (old.spec.nodeAffinity && !equalJson(nodeAffinity, renamed(old.spec.nodeAffinity, nodeAffinity))) {
    const shown = nodeAffinity ? internalForm('core/v1.VolumeNodeAffinity', nodeAffinity) : null;
    const why = 'field is immutable, except for updating from beta label to GA';
    errors.push(invalidError('nodeAffinity', shown, why));
  }
  if (old.spec.volumeAttributesClassName !== undefined && volume.spec.volumeAttributesClassName === undefined)
    errors.push(forbiddenError('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'));
  return errors;
}

const OLD_SOURCES: readonly (readonly [SourceName, string, string])[] = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

const OLD_ANNOTATIONS: readonly (readonly [string, string])[] = [
  ['volume.beta.kubernetes.io/storage-class', 'deprecated since v1.8; use "storageClassName" attribute instead'],
  [MOUNT_OPTIONS, 'deprecated since v1.31; use "mountOptions" attribute instead'],
];

/** Upstream: pkg/api/persistentvolume warningsForPersistentVolumeSpecAndMeta. */
export function persistentVolumeWarnings({ spec, metadata }: PersistentVolume): string[] {
  const warnings: string[] = [];
  for (const [key, text] of OLD_ANNOTATIONS)
    if (metadata.annotations?.[key] !== undefined) warnings.push(`metadata.annotations[${key}]: ${text}`);
  if (spec.persistentVolumeReclaimPolicy === 'Recycle')
    warnings.push(
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    );
  for (const [index, term] of (spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).entries())
    warnings.push(...selectorTermWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`));
  for (const [field, name, text] of OLD_SOURCES) if (spec[field] !== undefined) warnings.push(`spec.${name}: ${text}`);
  return warnings;
}
