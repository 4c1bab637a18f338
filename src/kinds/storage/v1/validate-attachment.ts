/** Rules of volume attachments. Upstream: pkg/apis/storage/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Subdomain,
  forbiddenError,
  invalidError,
  invalidErrors,
  notSupportedError,
  rangeText,
  requiredError,
  tooLongError,
} from '../../../machinery/validation/index.ts';
import { validateDriverName } from '../../driver-name.ts';
import { equalJson } from '../../equal-json.ts';
import type { PersistentVolumeSpec } from '../../generated/types/core-v1.ts';
import type { VolumeAttachment, VolumeAttachmentSource, VolumeError } from '../../generated/types/storage-v1.ts';
import { internalForm } from '../../internal-form.ts';

const MAX_METADATA = 256 * 1024;
const MAX_MESSAGE = 1024;
const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const ONE_SOURCE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
/** The fields of a volume that say nothing of where its bytes are. */
const NO_SOURCES = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);
const NOT_INLINE = 'may not be specified in the context of inline volumes';

export function validateAttachment({ spec, status }: VolumeAttachment): FieldError[] {
  const { attacher, nodeName = '', source = {} } = spec ?? {};
  const volume = source.persistentVolumeName;
  return [
    ...validateDriverName(attacher, 'spec.attacher'),
    ...validateSource(source),
    ...invalidErrors('spec.nodeName', nodeName, dns1123Subdomain(nodeName)),
    ...validateMetadata(status?.attachmentMetadata),
    ...validateError(status?.attachError, 'status.attachError'),
    ...validateError(status?.detachError, 'status.detachError'),
    ...(volume === undefined
      ? []
      : invalidErrors('spec.source.persistentVolumeName', volume, dns1123Subdomain(volume))),
  ];
}

function validateSource({ inlineVolumeSpec, persistentVolumeName }: VolumeAttachmentSource): FieldError[] {
  const path = 'spec.source';
  if (!inlineVolumeSpec && persistentVolumeName === undefined) return [requiredError(path, ONE_SOURCE)];
  if (inlineVolumeSpec && persistentVolumeName !== undefined) return [forbiddenError(path, ONE_SOURCE)];
  if (inlineVolumeSpec) return validateInlineVolume(inlineVolumeSpec, `${path}.inlineVolumeSpec`);
  return persistentVolumeName === ''
    ? [requiredError(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName')]
    : [];
}

function validateInlineVolume(spec: PersistentVolumeSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (field: keyof PersistentVolumeSpec, isSet: boolean): void => {
    if (isSet) errors.push(forbiddenError(`${path}.${field}`, NOT_INLINE));
  };
  refuse('claimRef', spec.claimRef !== undefined);
  refuse('capacity', Object.keys(spec.capacity ?? {}).length > 0);
  if (!spec.csi) errors.push(requiredError(`${path}.csi`, 'has to be specified in the context of inline volumes'));
  const modes = spec.accessModes ?? [];
  if (modes.length === 0) errors.push(requiredError(`${path}.accessModes`));
  for (const mode of modes)
    if (!ACCESS_MODES.includes(mode)) errors.push(notSupportedError(`${path}.accessModes`, mode, ACCESS_MODES));
  if (modes.includes('ReadWriteOncePod') && modes.length > 1)
    errors.push(forbiddenError(`${path}.accessModes`, 'may not use ReadWriteOncePod with other access modes'));
  refuse('persistentVolumeReclaimPolicy', Boolean(spec.persistentVolumeReclaimPolicy));
  refuse('nodeAffinity', spec.nodeAffinity !== undefined);
  if (spec.csi) {
    errors.push(...validateDriverName(spec.csi.driver, `${path}.csi.driver`));
    if (!spec.csi.volumeHandle) errors.push(requiredError(`${path}.csi.volumeHandle`));
  }
  refuse('storageClassName', Boolean(spec.storageClassName));
  if (Object.keys(spec).every((field) => NO_SOURCES.has(field)))
    errors.push(requiredError(path, 'must specify a volume type'));
  return errors;
}

function validateMetadata(metadata: Readonly<Record<string, string>> = {}): FieldError[] {
  const size = new TextEncoder().encode(Object.entries(metadata).flat().join('')).length;
  return size > MAX_METADATA ? [tooLongError('status.attachmentMetadata', MAX_METADATA)] : [];
}

function validateError(error: VolumeError | undefined, path: string): FieldError[] {
  if (!error) return [];
  const errors =
    new TextEncoder().encode(error.message ?? '').length > MAX_MESSAGE
      ? [tooLongError(`${path}.message`, MAX_METADATA)]
      : [];
  if ((error.errorCode ?? 0) < 0)
    errors.push(invalidError(`${path}.errorCode`, error.errorCode, rangeText(0, 2 ** 31 - 1)));
  return errors;
}

export function validateAttachmentUpdate(attachment: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  const errors = validateAttachment(attachment);
  if (!equalJson(attachment.spec, old.spec)) {
    const shown = internalForm('storage.k8s.io/v1.VolumeAttachmentSpec', attachment.spec);
    errors.push(invalidError('spec', shown, 'field is immutable'));
  }
  return errors;
}
