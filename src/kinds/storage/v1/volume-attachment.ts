import { volumeAttachmentCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { VolumeAttachment } from '../../generated/types/storage-v1.ts';

export const volumeAttachments = defineKind<VolumeAttachment>('storage.k8s.io/v1/volumeattachments', {
  cells: volumeAttachmentCells,
});
