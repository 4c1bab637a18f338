import { age, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import type { CSINode } from '../../generated/types/storage-v1.ts';
import { validateNode, validateNodeUpdate } from './validate-csi.ts';

export const csiNodes = defineKind<CSINode>('storage.k8s.io/v1/csinodes', {
  strategy: { validateCreate: validateNode, validateUpdate: validateNodeUpdate },
  cells: (node, now) => [nameOf(node), node.spec.drivers?.length ?? 0, age(node, now)],
});
