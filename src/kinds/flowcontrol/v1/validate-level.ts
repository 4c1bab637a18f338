/** Rules of priority levels. Upstream: pkg/apis/flowcontrol/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  duplicateError,
  forbiddenError,
  invalidError,
  notSupportedError,
  requiredError,
} from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type {
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationCondition,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from '../../generated/types/flowcontrol-v1.ts';
import { internalForm } from '../../internal-form.ts';
import { mandatoryLevels } from './mandatory.ts';

const MAX_QUEUES = 10_000_000;
/** Bits of the hash that deals a flow its hand of queues. */
const MAX_HASH_BITS = 60;
const NOT_NEGATIVE = 'must be a non-negative integer';

export function validateLevel({ metadata, spec, status }: PriorityLevelConfiguration): FieldError[] {
  const name = metadata.name ?? '';
  const errors = validateSpec(spec, name);
  const mandatory = Object.hasOwn(mandatoryLevels, name) ? mandatoryLevels[name] : undefined;
  const isExempt = name === 'exempt';
  if (mandatory && !equalJson(spec, isExempt ? { ...mandatory, exempt: spec.exempt } : mandatory)) {
    const shown = internalForm('flowcontrol.apiserver.k8s.io/v1.PriorityLevelConfigurationSpec', spec);
    const part = isExempt ? " except the 'spec.exempt' field" : '';
    errors.push(invalidError('spec', shown, `spec of '${name}'${part} must equal the fixed value`));
  }
  return [...errors, ...validateFlowConditions(status?.conditions)];
}

function validateSpec({ type, limited, exempt }: PriorityLevelConfigurationSpec, name: string): FieldError[] {
  const errors: FieldError[] = [];
  if ((name === 'exempt') !== (type === 'Exempt'))
    errors.push(invalidError('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'"));
  if (type === 'Exempt') {
    if (limited) errors.push(forbiddenError('spec.limited', 'must be nil if the type is not Limited'));
    if (exempt) errors.push(...validateShares(exempt, 'spec.exempt'), ...validateLendable(exempt, 'spec.exempt'));
  } else if (type === 'Limited') {
    if (exempt) errors.push(forbiddenError('spec.exempt', 'must be nil if the type is Limited'));
    if (limited) errors.push(...validateLimited(limited, 'spec.limited'));
    else errors.push(requiredError('spec.limited', 'must not be empty when type is Limited'));
  } else errors.push(notSupportedError('spec.type', type ?? '', ['Exempt', 'Limited']));
  return errors;
}

type Shares = Pick<LimitedPriorityLevelConfiguration, 'nominalConcurrencyShares' | 'lendablePercent'>;

const validateShares = ({ nominalConcurrencyShares: shares }: Shares, path: string): FieldError[] =>
  (shares ?? 0) < 0 ? [invalidError(`${path}.nominalConcurrencyShares`, shares, NOT_NEGATIVE)] : [];

const validateLendable = ({ lendablePercent: percent = 0 }: Shares, path: string): FieldError[] =>
  percent < 0 || percent > 100
    ? [invalidError(`${path}.lendablePercent`, percent, 'must be between 0 and 100, inclusive')]
    : [];

function validateLimited(limited: LimitedPriorityLevelConfiguration, path: string): FieldError[] {
  const errors = [
    ...validateShares(limited, path),
    ...validateResponse(limited.limitResponse, `${path}.limitResponse`),
    ...validateLendable(limited, path),
  ];
  const borrowing = limited.borrowingLimitPercent;
  if (borrowing !== undefined && borrowing < 0)
    errors.push(invalidError(`${path}.borrowingLimitPercent`, borrowing, `if specified, ${NOT_NEGATIVE}`));
  return errors;
}

function validateResponse(response: LimitResponse | undefined, path: string): FieldError[] {
  const queuing = response?.queuing;
  if (response?.type === 'Reject') {
    const why = 'must be nil if limited.limitResponse.type is not Limited';
    return queuing ? [forbiddenError(`${path}.queuing`, why)] : [];
  }
  if (response?.type !== 'Queue') return [notSupportedError(`${path}.type`, response?.type ?? '', ['Queue', 'Reject'])];
  if (queuing) return validateQueuing(queuing, `${path}.queuing`);
  return [requiredError(`${path}.queuing`, 'must not be empty if limited.limitResponse.type is Limited')];
}

function validateQueuing(queuing: QueuingConfiguration, path: string): FieldError[] {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing;
  const errors: FieldError[] = [];
  const refuse = (field: keyof QueuingConfiguration, why: string): void => {
    errors.push(invalidError(`${path}.${field}`, queuing[field] ?? 0, why));
  };
  if (queueLengthLimit <= 0) refuse('queueLengthLimit', 'must be positive');
  if (queues <= 0) refuse('queues', 'must be positive');
  else if (queues > MAX_QUEUES) refuse('queues', `must not be greater than ${MAX_QUEUES}`);
  const bits = Math.ceil(Math.log2(queues) * handSize);
  if (handSize <= 0) refuse('handSize', 'must be positive');
  else if (handSize > queues) refuse('handSize', `should not be greater than queues (${queues})`);
  else if (bits > MAX_HASH_BITS) {
    const what = `required entropy bits of deckSize ${queues} and handSize ${handSize}`;
    refuse('handSize', `${what} should not be greater than ${MAX_HASH_BITS}`);
  }
  return errors;
}

/** Conditions of flow schemas and of priority levels. */
export function validateFlowConditions(
  conditions: readonly PriorityLevelConfigurationCondition[] | undefined,
): FieldError[] {
  const seen = new Set<string>();
  return (conditions ?? []).flatMap(({ type = '' }, index) => {
    const at = `status.conditions[${index}].type`;
    const errors = seen.has(type) ? [duplicateError(at, type)] : [];
    seen.add(type);
    return type === '' ? [...errors, requiredError(at)] : errors;
  });
}
