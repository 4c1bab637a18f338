import { priorityLevelCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { PriorityLevelConfiguration } from '../../generated/types/flowcontrol-v1.ts';
import { flowStatusStrategy } from './status-strategy.ts';
import { validateLevel } from './validate-level.ts';

export const priorityLevelConfigurations = defineKind<PriorityLevelConfiguration>(
  'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
  {
    cached: true,
    defaults({ spec: { exempt, limited } }) {
      if (exempt) {
        exempt.nominalConcurrencyShares ??= 0;
        exempt.lendablePercent ??= 0;
      }
      if (!limited) return;
      limited.nominalConcurrencyShares ??= 30;
      limited.lendablePercent ??= 0;
      const queuing = limited.limitResponse?.queuing;
      if (queuing) {
        queuing.handSize ||= 8;
        queuing.queues ||= 64;
        queuing.queueLengthLimit ||= 50;
      }
    },
    strategy: { validateCreate: validateLevel, validateUpdate: validateLevel },
    statusStrategy: flowStatusStrategy,
    cells: priorityLevelCells,
  },
);
