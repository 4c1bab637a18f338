import { defineKind } from '../../define-kind.ts';
import type { Deployment } from '../../generated/types/apps-v1.ts';

export const deployments = defineKind<Deployment>('apps/v1/deployments', {});
