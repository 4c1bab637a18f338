import { DecodeError } from '../../../machinery/fields/index.ts';
import { quote } from '../../../machinery/quote.ts';
import { daemonSetCells } from '../../cells/workloads.ts';
import { setPodTemplateDefaults } from '../../core/v1/pod-spec/defaults.ts';
import { templateStrategy } from '../../core/v1/template-strategy.ts';
import { defineKind } from '../../define-kind.ts';
import { equalJson } from '../../equal-json.ts';
import type { DaemonSet } from '../../generated/types/apps-v1.ts';
import { validateDaemonSetStatus } from '../../status-counts.ts';
import { validateDaemonSet, validateDaemonSetUpdate } from './validate.ts';

/** Holds the number of the pod template, which older clients still read. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

const templateGeneration = ({ metadata }: DaemonSet): number =>
  Number(metadata.annotations?.[TEMPLATE_GENERATION] ?? 0);

/** What a client sends there must be a number. Upstream: the conversion of DaemonSets to their internal type. */
function checkTemplateGeneration(set: DaemonSet): void {
  const text = set.metadata.annotations?.[TEMPLATE_GENERATION];
  if (text === undefined) return;
  const isNumber = /^[+-]?\d+$/.test(text);
  if (isNumber && BigInt.asIntN(64, BigInt(text)) === BigInt(text)) return;
  const why = isNumber ? 'value out of range' : 'invalid syntax';
  throw new DecodeError(`strconv.ParseInt: parsing ${quote(text)}: ${why}`);
}

function setTemplateGeneration(set: DaemonSet, generation: number): void {
  set.metadata.annotations = { ...set.metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

export const daemonSets = defineKind<DaemonSet>('apps/v1/daemonsets', {
  carriers: [TEMPLATE_GENERATION],
  defaults(set) {
    const { spec } = set;
    checkTemplateGeneration(set);
    if (set.metadata.annotations?.[TEMPLATE_GENERATION] === undefined) setTemplateGeneration(set, 0);
    setPodTemplateDefaults(spec.template);
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ??= 'RollingUpdate';
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
    }
    // Upstream's internal type cannot leave these out.
    const { rollingUpdate } = spec.updateStrategy;
    if (rollingUpdate) {
      rollingUpdate.maxUnavailable ??= 0;
      rollingUpdate.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
  },
  statusStrategy: {
    validateUpdate: validateDaemonSetStatus,
    prepareForUpdate: (set, old) => setTemplateGeneration(set, templateGeneration(old)),
  },
  strategy: templateStrategy({
    template: ({ spec }: DaemonSet) => spec.template,
    path: 'spec.template',
    warnsOnUpdate: 'new template',
    own: {
      validateCreate: validateDaemonSet,
      validateUpdate: validateDaemonSetUpdate,
      prepareForCreate: (set) => setTemplateGeneration(set, Math.max(1, templateGeneration(set))),
      prepareForUpdate(set, old) {
        const before = templateGeneration(old);
        setTemplateGeneration(set, equalJson(set.spec.template, old.spec.template) ? before : before + 1);
      },
    },
  }),
  cells: daemonSetCells,
});
