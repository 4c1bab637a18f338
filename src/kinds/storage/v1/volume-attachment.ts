import { volumeAttachmentCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { VolumeAttachment } from '../../generated/types/storage-v1.ts';
import { validateAttachment, validateAttachmentUpdate } from './validate-attachment.ts';

export const volumeAttachments = defineKind<VolumeAttachment>('storage.k8s.io/v1/volumeattachments', {
  strategy: { validateCreate: validateAttachment, validateUpdate: validateAttachmentUpdate },
  statusStrategy: { validateUpdate: validateAttachmentUpdate },
  cells: volumeAttachmentCells,
});
