/** Rules of webhook configurations. Upstream: pkg/apis/admissionregistration/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1035Label,
  dns1123Subdomain,
  duplicateError,
  invalidError,
  invalidErrors,
  notSupportedError,
  requiredError,
} from '../../../machinery/validation/index.ts';
import type { MutatingWebhook, ValidatingWebhook } from '../../generated/types/admissionregistration-v1.ts';
import { validateLabelSelector } from '../../label-selector.ts';
import { validateWebhookService, validateWebhookUrl } from '../../webhook-target.ts';
import {
  FAILURE_POLICIES,
  MATCH_POLICIES,
  REINVOCATION_POLICIES,
  validateMatchConditions,
  validateRule,
} from './validate-rules.ts';

type Webhook = ValidatingWebhook & MutatingWebhook;

interface Configuration {
  webhooks?: readonly (ValidatingWebhook | MutatingWebhook)[];
}

/** What is let through because the stored object has it already. */
interface Tolerance {
  sideEffects?: boolean;
  unknownVersions?: boolean;
  sameNames?: boolean;
  /** No match condition changed. */
  conditions?: boolean;
}

const NO_SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const SIDE_EFFECTS = [...NO_SIDE_EFFECTS, 'Some', 'Unknown'];
const VERSIONS = ['v1', 'v1beta1'];
const CONDITION_SCOPE = { params: false, authorizer: true };

export function validateWebhooks({ webhooks }: Configuration, tolerance: Tolerance = {}): FieldError[] {
  const names = new Set<string>();
  return ((webhooks ?? []) as readonly Webhook[]).flatMap((webhook, index) => {
    const at = `webhooks[${index}]`;
    const errors = [
      ...validateWebhook(webhook, at, tolerance),
      ...validateVersions(webhook.admissionReviewVersions ?? [], `${at}.admissionReviewVersions`, tolerance),
    ];
    if (!tolerance.sameNames && names.has(webhook.name)) errors.push(duplicateError(`${at}.name`, webhook.name));
    if (webhook.name) names.add(webhook.name);
    return errors;
  });
}

export const validateWebhooksUpdate = (object: Configuration, { webhooks }: Configuration): FieldError[] => {
  const old = (webhooks ?? []) as readonly Webhook[];
  const conditionsOf = (list: Configuration['webhooks']): string =>
    JSON.stringify((list ?? []).map(({ matchConditions }) => matchConditions ?? []));
  return validateWebhooks(object, {
    sideEffects: old.some(({ sideEffects }) => !NO_SIDE_EFFECTS.includes(sideEffects ?? '')),
    unknownVersions: old.some(({ admissionReviewVersions }) => !hasKnownVersion(admissionReviewVersions ?? [])),
    conditions: conditionsOf(object.webhooks) === conditionsOf(old),
    sameNames: new Set(old.map(({ name }) => name)).size < old.length,
  });
};

function validateWebhook(webhook: Webhook, path: string, tolerance: Tolerance): FieldError[] {
  const { name, rules, failurePolicy, matchPolicy, sideEffects, timeoutSeconds, reinvocationPolicy } = webhook;
  const errors = validateName(name, `${path}.name`);
  for (const [index, rule] of (rules ?? []).entries()) errors.push(...validateRule(rule, `${path}.rules[${index}]`));
  const choose = (field: keyof Webhook, value: string | undefined, allowed: readonly string[]): void => {
    if (value !== undefined && !allowed.includes(value))
      errors.push(notSupportedError(`${path}.${field}`, value, allowed));
  };
  choose('failurePolicy', failurePolicy, FAILURE_POLICIES);
  choose('matchPolicy', matchPolicy, MATCH_POLICIES);
  const effects = tolerance.sideEffects ? SIDE_EFFECTS : NO_SIDE_EFFECTS;
  if (sideEffects === undefined || sideEffects === null)
    errors.push(requiredError(`${path}.sideEffects`, `must specify one of ${effects.join(', ')}`));
  else choose('sideEffects', sideEffects, effects);
  if (timeoutSeconds !== undefined && (timeoutSeconds > 30 || timeoutSeconds < 1)) {
    const why = 'the timeout value must be between 1 and 30 seconds';
    errors.push(invalidError(`${path}.timeoutSeconds`, timeoutSeconds, why));
  }
  for (const field of ['namespaceSelector', 'objectSelector'] as const)
    if (webhook[field]) errors.push(...validateLabelSelector(webhook[field], `${path}.${field}`));
  choose('reinvocationPolicy', reinvocationPolicy, REINVOCATION_POLICIES);
  return [
    ...errors,
    ...validateTarget(webhook.clientConfig, `${path}.clientConfig`),
    ...(tolerance.conditions
      ? []
      : validateMatchConditions(webhook.matchConditions, `${path}.matchConditions`, CONDITION_SCOPE)),
  ];
}

/** Upstream: IsFullyQualifiedName. */
function validateName(name: string, path: string): FieldError[] {
  if (!name) return [requiredError(path)];
  const texts = dns1123Subdomain(name);
  if (texts.length > 0) return [invalidError(path, name, texts.join(','))];
  return name.split('.').length < 3
    ? [invalidError(path, name, 'should be a domain with at least three segments separated by dots')]
    : [];
}

function validateTarget(config: Webhook['clientConfig'] | undefined, path: string): FieldError[] {
  const { url, service } = config ?? {};
  if ((url === undefined) === (service === undefined))
    return [requiredError(path, 'exactly one of url or service is required')];
  if (service) return validateWebhookService(service, `${path}.service`);
  return validateWebhookUrl(url ?? '', `${path}.url`);
}

const hasKnownVersion = (versions: readonly string[]): boolean =>
  versions.some((version) => VERSIONS.includes(version));

function validateVersions(versions: readonly string[], path: string, tolerance: Tolerance): FieldError[] {
  if (versions.length === 0) return [requiredError(path, `must specify one of ${VERSIONS.join(', ')}`)];
  const errors = versions.flatMap((version, index) => {
    const at = `${path}[${index}]`;
    if (versions.indexOf(version) < index) return [invalidError(at, version, 'duplicate version')];
    return invalidErrors(at, version, dns1035Label(version));
  });
  if (!tolerance.unknownVersions && !hasKnownVersion(versions))
    errors.push(invalidError(path, versions, `must include at least one of ${VERSIONS.join(', ')}`));
  return errors;
}
