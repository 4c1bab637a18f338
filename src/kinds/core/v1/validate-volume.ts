/** Rules of persistent volumes. Upstream: core/validation ValidatePersistentVolume and its updates. */
import { sentEmpty } from '../../../machinery/explicit-empty.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  forbiddenError,
  invalidError,
  invalidErrors,
  notSupportedError,
  requiredError,
} from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type { NodeSelectorRequirement, PersistentVolume, PersistentVolumeSpec } from '../../generated/types/core-v1.ts';
import { internalDiff } from '../../internal-diff.ts';
import { internalForm } from '../../internal-form.ts';
import {
  validateAccessModes,
  validateAttributesClass,
  validateBasicQuantity,
  validatePositive,
  validateVolumeMode,
} from './persistent-volume-claim/validate.ts';
import { noBacksteps } from './pod-spec/paths.ts';
import { validateNodeSelector } from './pod-spec/validate-scheduling.ts';
import {
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
} from './pod-spec/validate-volume-sources.ts';

type Spec = PersistentVolumeSpec;
type SourceName = Extract<keyof Spec, string>;

interface SourceRule {
  name: SourceName;
  /** How messages name the source, where they do not call it by its name. */
  refused?: string;
  at?: string;
  check(source: never, path: string, volume: PersistentVolume): FieldError[];
}

const rule = <K extends SourceName>(
  name: K,
  check: (source: NonNullable<Spec[K]>, path: string, volume: PersistentVolume) => FieldError[],
  names: Pick<SourceRule, 'refused' | 'at'> = {},
): SourceRule => ({ name, check, ...names });

const texts =
  (...names: string[]) =>
  (source: object, path: string): FieldError[] =>
    requireTexts(source, names, path);

const SECRETS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const;

function validateCSI(source: NonNullable<Spec['csi']>, path: string): FieldError[] {
  const errors = [
    ...validateDriverName(source.driver, `${path}.driver`),
    ...requireTexts(source, ['volumeHandle'], path),
  ];
  for (const field of SECRETS) {
    const ref = source[field];
    if (!ref) continue;
    for (const [name, check] of [
      ['name', dns1123Subdomain],
      ['namespace', dns1123Label],
    ] as const) {
      const at = `${path}.${field}.${name}`;
      const value = ref[name];
      errors.push(...(value ? invalidErrors(at, value, check(value)) : [requiredError(at)]));
    }
  }
  return errors;
}

/** Upstream's order. */
const SOURCES: readonly SourceRule[] = [
  rule('hostPath', validateHostPath),
  rule('gcePersistentDisk', validateDisk, { at: 'persistentDisk' }),
  rule('awsElasticBlockStore', validateElasticBlock),
  rule('glusterfs', (source, path) => {
    const errors = requireTexts(source, ['endpoints', 'path'], path);
    const namespace = source.endpointsNamespace;
    if (namespace === undefined) return errors;
    const at = `${path}.endpointsNamespace`;
    if (namespace === '') {
      const why = 'if the endpointnamespace is set, it must be a valid namespace name';
      return [...errors, invalidError(at, namespace, why)];
    }
    return [...errors, ...invalidErrors(at, namespace, dns1123Label(namespace))];
  }),
  rule('flocker', validateFlocker),
  rule('nfs', validateNFS),
  rule('rbd', validateRBD),
  rule('quobyte', validateQuobyte),
  rule('cephfs', validateMonitors, { refused: 'cephFS' }),
  rule('iscsi', (source, path, { metadata }) => validateISCSI(source, path, metadata.name ?? '')),
  rule('cinder', (source, path) => [
    ...requireTexts(source, ['volumeID'], path),
    ...validateSecretRef(source.secretRef, path, true),
  ]),
  rule('fc', validateFC),
  rule('flexVolume', validateFlex),
  rule('azureFile', (source, path) => [
    ...requireTexts(source, ['secretName', 'shareName'], path),
    ...(source.secretNamespace === '' ? [requiredError(`${path}.secretNamespace`)] : []),
  ]),
  rule('vsphereVolume', texts('volumePath')),
  rule('photonPersistentDisk', texts('pdID')),
  rule('portworxVolume', texts('volumeID')),
  rule('azureDisk', validateAzureDisk),
  rule('scaleIO', texts('gateway', 'system', 'volumeName')),
  rule('local', (source, path, { spec }) => [
    ...(source.path ? noBacksteps(source.path, `${path}.path`) : [requiredError(`${path}.path`)]),
    ...(spec.nodeAffinity ? [] : [requiredError('spec.nodeAffinity', 'Local volume requires node affinity')]),
  ]),
  rule('storageos', (source, path) => validateStorageOS(source, path, true)),
  rule('csi', validateCSI),
];

const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain'];

export function validatePersistentVolume(volume: PersistentVolume): FieldError[] {
  const { spec } = volume;
  const errors: FieldError[] = spec.accessModes?.length ? [] : [requiredError('spec.accessModes')];
  errors.push(...validateAccessModes(spec.accessModes ?? [], 'spec.accessModes'), ...validateCapacity(spec));
  const policy = spec.persistentVolumeReclaimPolicy;
  if (policy && !RECLAIM_POLICIES.includes(policy))
    errors.push(notSupportedError('spec.persistentVolumeReclaimPolicy', policy, RECLAIM_POLICIES));
  if (spec.nodeAffinity) {
    const { required } = spec.nodeAffinity;
    const at = 'spec.nodeAffinity.required';
    if (required) errors.push(...validateNodeSelector(required, at));
    else errors.push(requiredError(at, 'must specify required node constraints'));
  }
  errors.push(...validateSources(volume));
  if (policy === 'Recycle' && spec.hostPath && /^\/+(\.?\/*)*$/.test(spec.hostPath.path)) {
    const why = "may not be 'recycle' for a hostPath mount of '/'";
    errors.push(forbiddenError('spec.persistentVolumeReclaimPolicy', why));
  }
  const { storageClassName, volumeAttributesClassName: attributes } = spec;
  if (storageClassName)
    errors.push(...invalidErrors('spec.storageClassName', storageClassName, dns1123Subdomain(storageClassName)));
  errors.push(...validateVolumeMode(spec.volumeMode, 'spec.volumeMode'));
  if (attributes === undefined) return errors;
  const at = 'spec.volumeAttributesClassName';
  if (attributes === '') errors.push(requiredError(at, 'an empty string is disallowed'));
  else errors.push(...invalidErrors(at, attributes, dns1123Subdomain(attributes)));
  if (!spec.csi) errors.push(requiredError('spec.csi', 'has to be specified when using volumeAttributesClassName'));
  return errors;
}

function validateCapacity(spec: Spec): FieldError[] {
  const { capacity } = spec;
  const names = Object.keys(capacity ?? {});
  const errors: FieldError[] = names.length > 0 ? [] : [requiredError('spec.capacity')];
  if (capacity?.storage === undefined || names.length > 1)
    errors.push(notSupportedError('spec.capacity', capacity ?? sentEmpty(spec, 'capacity'), ['storage']));
  for (const [name, quantity] of Object.entries(capacity ?? {})) {
    const at = `spec.capacity[${name}]`;
    errors.push(...validateBasicQuantity(quantity, at), ...validatePositive(quantity, at));
  }
  return errors;
}

function validateSources(volume: PersistentVolume): FieldError[] {
  const errors: FieldError[] = [];
  let sources = 0;
  for (const { name, refused = name, at = name, check } of SOURCES) {
    const source = volume.spec[name];
    if (source === undefined || source === null) continue;
    if (sources > 0 && name !== 'flexVolume')
      errors.push(forbiddenError(`spec.${refused}`, 'may not specify more than 1 volume type'));
    else errors.push(...check(source as never, `spec.${at}`, volume));
    sources++;
  }
  if (sources === 0) errors.push(requiredError('spec', 'must specify a volume type'));
  return errors;
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
      return key !== undefined && NEW_LABELS[item.key] === key ? { ...item, key } : item;
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
  const errors = [...validatePersistentVolume(volume), ...validatePersistentVolume(volume)];
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
  return [...errors, ...validateAttributesClass(volume.spec.volumeAttributesClassName, old.spec)];
}

const OLD_SOURCES: readonly (readonly [SourceName, string, string])[] = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

/** Upstream: pkg/api/persistentvolume warningsForPersistentVolumeSpecAndMeta. */
export function persistentVolumeWarnings({ spec, metadata }: PersistentVolume): string[] {
  const warnings: string[] = [];
  const annotation = 'volume.beta.kubernetes.io/storage-class';
  if (metadata.annotations?.[annotation] !== undefined)
    warnings.push(
      `metadata.annotations[${annotation}]: deprecated since v1.8; use "storageClassName" attribute instead`,
    );
  if (spec.persistentVolumeReclaimPolicy === 'Recycle')
    warnings.push(
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    );
  for (const [field, name, text] of OLD_SOURCES) if (spec[field] !== undefined) warnings.push(`spec.${name}: ${text}`);
  return warnings;
}
