import { defineKind } from '../../define-kind.ts';
import type { CSIDriver } from '../../generated/types/storage-v1.ts';

export const csiDrivers = defineKind<CSIDriver>('storage.k8s.io/v1/csidrivers', {});
