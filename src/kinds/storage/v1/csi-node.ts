import { defineKind } from '../../define-kind.ts';
import type { CSINode } from '../../generated/types/storage-v1.ts';

export const csiNodes = defineKind<CSINode>('storage.k8s.io/v1/csinodes', {});
