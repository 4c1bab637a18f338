import { age, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import type { CSINode } from '../../generated/types/storage-v1.ts';

export const csiNodes = defineKind<CSINode>('storage.k8s.io/v1/csinodes', {
  cells: (node, now) => [nameOf(node), node.spec.drivers?.length ?? 0, age(node, now)],
});
