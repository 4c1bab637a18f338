/** AuthorizationConfiguration as it is written, checked and compiled. Upstream: apis/apiserver, its validation. */
import { formatGoDuration, parseGoDuration } from '../../../base/go-duration.ts';
import type { CelProgram } from '../../../machinery/cel/index.ts';
import { badRequest, type FieldError } from '../../../machinery/status.ts';
import {
  dns1123Subdomain,
  duplicateError,
  invalidError,
  notSupportedError,
  requiredError,
  tooManyError,
} from '../../../machinery/validation/index.ts';
import { aggregate, checkStrictly, type DocumentType, parseDocument } from '../../configuration/decode.ts';
import type { ConfigurationInput } from '../../configuration/document.ts';
import { type WebhookClient, webhookClient } from '../../configuration/kubeconfig.ts';
import { compileMatchCondition } from './match-conditions.ts';

interface AuthorizerConfiguration {
  type?: string;
  name?: string;
  webhook?: WebhookConfiguration;
}

interface WebhookConfiguration {
  authorizedTTL?: string;
  cacheAuthorizedRequests?: boolean;
  unauthorizedTTL?: string;
  cacheUnauthorizedRequests?: boolean;
  timeout?: string;
  subjectAccessReviewVersion?: string;
  matchConditionSubjectAccessReviewVersion?: string;
  failurePolicy?: string;
  connectionInfo?: { type?: string; kubeConfigFile?: string | null };
  matchConditions?: { expression?: string }[];
}

/** One webhook, ready to be asked. Times in milliseconds; a TTL of 0 keeps nothing. */
export interface WebhookSettings {
  name: string;
  client: WebhookClient;
  version: 'v1' | 'v1beta1';
  timeoutMs: number;
  authorizedTtlMs: number;
  unauthorizedTtlMs: number;
  onError: 'deny' | 'noOpinion';
  conditions: readonly CelProgram[];
}

export type CompiledAuthorizer =
  | { type: 'Node' | 'RBAC' | 'AlwaysAllow' | 'AlwaysDeny' }
  | { type: 'Webhook'; webhook: WebhookSettings };

const AUTHORIZATION: DocumentType = {
  apiVersions: ['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1', 'apiserver.config.k8s.io/v1alpha1'],
  kind: 'AuthorizationConfiguration',
  shape: {
    authorizers: [
      {
        ...{ type: 'string', name: 'string' },
        webhook: {
          ...{ authorizedTTL: 'string', cacheAuthorizedRequests: 'boolean' },
          ...{ unauthorizedTTL: 'string', cacheUnauthorizedRequests: 'boolean' },
          ...{ timeout: 'string', subjectAccessReviewVersion: 'string' },
          ...{ matchConditionSubjectAccessReviewVersion: 'string', failurePolicy: 'string' },
          connectionInfo: { type: 'string', kubeConfigFile: 'string' },
          matchConditions: [{ expression: 'string' }],
        },
      },
    ],
  },
};

const TYPES = ['AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'];
const MAX_CONDITIONS = 64;
const MAX_TIMEOUT_MS = 30_000;
const DEFAULT_AUTHORIZED_TTL_MS = 300_000;
const DEFAULT_UNAUTHORIZED_TTL_MS = 30_000;

/** Throws 400 with all that is wrong. Kubeconfigs that the document names are taken from the input's files. */
export function compileAuthorization(
  { document, files }: ConfigurationInput,
  duplicates: readonly string[] = [],
): CompiledAuthorizer[] {
  checkStrictly(document, AUTHORIZATION, duplicates);
  const { authorizers = [] } = document as { authorizers?: AuthorizerConfiguration[] };
  const errors: FieldError[] = [];
  if (authorizers.length === 0)
    errors.push(requiredError('authorizers', 'at least one authorization mode must be defined'));
  const seen = { types: new Set<string>(), names: new Set<string>() };
  const compiled = authorizers.flatMap((authorizer, i) => {
    const path = `authorizers[${i}]`;
    if (!checkType(authorizer, path, { seen: seen.types, errors })) return [];
    checkName(authorizer, path, { seen: seen.names, errors });
    return compileAuthorizer(authorizer, { path, files, errors }) ?? [];
  });
  if (errors.length > 0) throw badRequest(aggregate(errors));
  return compiled;
}

interface Seen {
  seen: Set<string>;
  errors: FieldError[];
}

/** Whether there is any use in looking on. */
function checkType({ type = '' }: AuthorizerConfiguration, path: string, { seen, errors }: Seen): boolean {
  const field = `${path}.type`;
  if (type === '') errors.push(requiredError(field));
  else if (!TYPES.includes(type)) errors.push(notSupportedError(field, type, TYPES));
  else if (seen.has(type) && type !== 'Webhook') errors.push(duplicateError(field, type));
  else {
    seen.add(type);
    return true;
  }
  return false;
}

function checkName({ name = '' }: AuthorizerConfiguration, path: string, { seen, errors }: Seen): void {
  const field = `${path}.name`;
  if (name === '') errors.push(requiredError(field));
  else if (seen.has(name)) errors.push(duplicateError(field, name));
  else {
    const faults = dns1123Subdomain(name);
    if (faults.length > 0) errors.push(invalidError(field, name, `authorizer name is invalid: ${faults.join(', ')}`));
  }
  seen.add(name);
}

interface At {
  path: string;
  files: Readonly<Record<string, string>>;
  errors: FieldError[];
}

function compileAuthorizer(
  { type, name = '', webhook }: AuthorizerConfiguration,
  at: At,
): CompiledAuthorizer | undefined {
  const { path, errors } = at;
  if (type !== 'Webhook') {
    if (webhook) errors.push(invalidError(`${path}.webhook`, 'non-null', 'may only be specified when type=Webhook'));
    return { type: type as 'Node' };
  }
  if (!webhook) {
    errors.push(requiredError(`${path}.webhook`, 'required when type=Webhook'));
    return undefined;
  }
  const times = checkTimes(webhook, at);
  checkVersions(webhook, at);
  checkFailurePolicy(webhook, at);
  const client = checkConnection(webhook, at);
  const conditions = checkConditions(webhook, at);
  if (!client) return undefined;
  const version = webhook.subjectAccessReviewVersion as 'v1';
  const onError = webhook.failurePolicy === 'Deny' ? 'deny' : 'noOpinion';
  return { type, webhook: { name, client, version, ...times, onError, conditions } };
}

function checkTimes(
  webhook: WebhookConfiguration,
  { path, errors }: At,
): Pick<WebhookSettings, 'timeoutMs' | 'authorizedTtlMs' | 'unauthorizedTtlMs'> {
  const read = (field: string, text: string | undefined, otherwise: number): number => {
    const ms = text === undefined ? 0 : parseGoDuration(text);
    if (ms === undefined) throw badRequest(`time: invalid duration ${JSON.stringify(text)} in ${path}.${field}`);
    if (ms < 0) errors.push(invalidError(`${path}.${field}`, formatGoDuration(ms), 'must be > 0s'));
    return ms === 0 ? otherwise : ms;
  };
  const timeout = webhook.timeout === undefined ? 0 : parseGoDuration(webhook.timeout);
  if (timeout === undefined)
    throw badRequest(`time: invalid duration ${JSON.stringify(webhook.timeout)} in ${path}.timeout`);
  if (timeout === 0) errors.push(requiredError(`${path}.timeout`));
  else if (timeout > MAX_TIMEOUT_MS || timeout < 0)
    errors.push(invalidError(`${path}.timeout`, formatGoDuration(timeout), 'must be > 0s and <= 30s'));
  const authorized = read('authorizedTTL', webhook.authorizedTTL, DEFAULT_AUTHORIZED_TTL_MS);
  const unauthorized = read('unauthorizedTTL', webhook.unauthorizedTTL, DEFAULT_UNAUTHORIZED_TTL_MS);
  return {
    timeoutMs: timeout,
    authorizedTtlMs: webhook.cacheAuthorizedRequests === false ? 0 : authorized,
    unauthorizedTtlMs: webhook.cacheUnauthorizedRequests === false ? 0 : unauthorized,
  };
}

function checkVersions(webhook: WebhookConfiguration, { path, errors }: At): void {
  const { subjectAccessReviewVersion: version = '', matchConditionSubjectAccessReviewVersion: matching = '' } = webhook;
  const field = `${path}.subjectAccessReviewVersion`;
  if (version === '') errors.push(requiredError(field));
  else if (version !== 'v1' && version !== 'v1beta1') errors.push(notSupportedError(field, version, ['v1', 'v1beta1']));
  const matchField = `${path}.matchConditionSubjectAccessReviewVersion`;
  if (matching === '') {
    if (webhook.matchConditions?.length)
      errors.push(requiredError(matchField, 'required if match conditions are specified'));
  } else if (matching !== 'v1') errors.push(notSupportedError(matchField, matching, ['v1']));
}

function checkFailurePolicy({ failurePolicy = '' }: WebhookConfiguration, { path, errors }: At): void {
  const field = `${path}.failurePolicy`;
  if (failurePolicy === '') errors.push(requiredError(field));
  else if (failurePolicy !== 'NoOpinion' && failurePolicy !== 'Deny')
    errors.push(notSupportedError(field, failurePolicy, ['NoOpinion', 'Deny']));
}

function checkConnection(
  { connectionInfo = {} }: WebhookConfiguration,
  { path, files, errors }: At,
): WebhookClient | undefined {
  const { type = '', kubeConfigFile } = connectionInfo;
  const field = `${path}.connectionInfo`;
  if (type === '') errors.push(requiredError(`${field}.type`));
  else if (type === 'InClusterConfig') {
    errors.push(invalidError(`${field}.type`, type, 'the control plane runs in no pod; use KubeConfigFile'));
  } else if (type !== 'KubeConfigFile') {
    errors.push(notSupportedError(`${field}.type`, connectionInfo, ['InClusterConfig', 'KubeConfigFile']));
  } else if (!kubeConfigFile) errors.push(requiredError(`${field}.kubeConfigFile`));
  else if (!kubeConfigFile.startsWith('/')) {
    errors.push(invalidError(`${field}.kubeConfigFile`, kubeConfigFile, 'must be an absolute path'));
  } else return readKubeconfig(kubeConfigFile, { path: `${field}.kubeConfigFile`, files, errors });
  return undefined;
}

function readKubeconfig(file: string, { path, files, errors }: At): WebhookClient | undefined {
  const text = files[file];
  if (text === undefined) {
    const why = `error loading file: stat ${file}: no such file or directory`;
    errors.push(invalidError(path, file, why));
    return undefined;
  }
  return webhookClient(parseDocument(text).document, files);
}

function checkConditions({ matchConditions = [] }: WebhookConfiguration, { path, errors }: At): CelProgram[] {
  const field = `${path}.matchConditions`;
  if (matchConditions.length > MAX_CONDITIONS) {
    errors.push(tooManyError(field, matchConditions.length, MAX_CONDITIONS));
    return [];
  }
  const seen = new Set<string>();
  return matchConditions.flatMap(({ expression = '' }, i) => {
    const at = `${field}[${i}].expression`;
    if (expression.trim() === '') errors.push(requiredError(at));
    else if (seen.has(expression)) errors.push(duplicateError(at, expression));
    else {
      seen.add(expression);
      return compileMatchCondition(expression, { path: at, errors }) ?? [];
    }
    return [];
  });
}
