import { defineKind } from '../../define-kind.ts';
import type { Node } from '../../generated/types/core-v1.ts';

export const nodes = defineKind<Node>('core/v1/nodes', {});
