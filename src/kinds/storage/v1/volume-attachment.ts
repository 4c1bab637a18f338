import { volumeAttachmentCells } from '../../cells/groups.ts';
import { setSharedSourceDefaults } from '../../core/v1/pod-spec/volume-defaults.ts';
import { defineKind } from '../../define-kind.ts';
import type { VolumeAttachment } from '../../generated/types/storage-v1.ts';
import { keepingMetadata, STATUS_METADATA } from '../../strategy.ts';
import { validateAttachment, validateAttachmentUpdate } from './validate-attachment.ts';

export const volumeAttachments = defineKind<VolumeAttachment>('storage.k8s.io/v1/volumeattachments', {
  defaults({ spec }) {
    if (spec?.source?.inlineVolumeSpec) setSharedSourceDefaults(spec.source.inlineVolumeSpec);
  },
  strategy: { validateCreate: validateAttachment, validateUpdate: validateAttachmentUpdate },
  statusStrategy: keepingMetadata(STATUS_METADATA, { validateUpdate: validateAttachmentUpdate }),
  cells: volumeAttachmentCells,
});
