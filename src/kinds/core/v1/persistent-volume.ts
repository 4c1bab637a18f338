import { apiTime } from '../../../machinery/time.ts';
import { persistentVolumeCells } from '../../cells/core.ts';
import { defineKind } from '../../define-kind.ts';
import type { PersistentVolume } from '../../generated/types/core-v1.ts';
import { setSharedSourceDefaults } from './pod-spec/volume-defaults.ts';
import {
  persistentVolumeWarnings,
  validatePersistentVolume,
  validatePersistentVolumeUpdate,
} from './validate-volume.ts';

export const persistentVolumes = defineKind<PersistentVolume>('core/v1/persistentvolumes', {
  defaults(volume) {
    const { spec } = volume;
    spec.persistentVolumeReclaimPolicy ??= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    setSharedSourceDefaults(spec);
    volume.status ??= {};
    volume.status.phase ??= 'Pending';
  },
  strategy: {
    validateCreate: validatePersistentVolume,
    validateUpdate: validatePersistentVolumeUpdate,
    warningsOnCreate: persistentVolumeWarnings,
    warningsOnUpdate: persistentVolumeWarnings,
    prepareForCreate(volume, { now }) {
      volume.status = { phase: 'Pending', lastPhaseTransitionTime: apiTime(now) };
    },
  },
  statusStrategy: {
    prepareForUpdate(volume, old, { now }) {
      volume.status ??= {};
      const { phase, lastPhaseTransitionTime: time } = volume.status;
      const before = old.status?.lastPhaseTransitionTime;
      if (phase !== old.status?.phase) {
        if (!time || time === before) volume.status.lastPhaseTransitionTime = apiTime(now);
      } else if (!time && before) volume.status.lastPhaseTransitionTime = before;
    },
  },
  cells: persistentVolumeCells,
});
