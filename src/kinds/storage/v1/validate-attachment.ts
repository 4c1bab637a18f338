/** Rules of volume attachments. Upstream: pkg/apis/storage/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Subdomain,
  forbiddenError,
  invalidError,
  invalidErrors,
  rangeText,
  requiredError,
  tooLongError,
} from '../../../machinery/validation/index.ts';
import { validateVolumeSpec } from '../../core/v1/validate-volume-spec.ts';
import { validateDriverName } from '../../driver-name.ts';
import { equalJson } from '../../equal-json.ts';
import type { VolumeAttachment, VolumeAttachmentSource, VolumeError } from '../../generated/types/storage-v1.ts';
import { internalForm } from '../../internal-form.ts';

const MAX_METADATA = 256 * 1024;
const MAX_MESSAGE = 1024;
const ONE_SOURCE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
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
  if (inlineVolumeSpec) {
    const scope = { path: `${path}.inlineVolumeSpec`, name: '', inline: true };
    return validateVolumeSpec(inlineVolumeSpec, scope);
  }
  return persistentVolumeName === ''
    ? [requiredError(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName')]
    : [];
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
