/** How versions are converted into each other. Upstream: validateCustomResourceConversion. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1035Label,
  forbiddenError,
  invalidError,
  invalidErrors,
  requiredError,
} from '../../../machinery/validation/index.ts';
import { pemBlocks, textOf } from '../../certificates/v1/pem.ts';
import type {
  CustomResourceConversion,
  CustomResourceDefinition,
  WebhookClientConfig,
} from '../../generated/types/apiextensions-v1.ts';
import { validateWebhookService, validateWebhookUrl } from '../../webhook-target.ts';
import { choiceErrors } from './definition-parts.ts';

const REVIEW_VERSIONS = ['v1', 'v1beta1'];

export interface ConversionOptions {
  /** The stored definition had a review version that the server knows, or none. */
  requireKnownReview: boolean;
  /** The stored definition has a bad bundle already, or is not served. */
  mayHaveBadBundle: boolean;
}

/** What an update may keep although it would be refused in a new definition. */
export function conversionOptions(old: CustomResourceDefinition | undefined, established: boolean): ConversionOptions {
  if (old === undefined) return { requireKnownReview: true, mayHaveBadBundle: true };
  const webhook = old.spec.conversion?.webhook;
  const reviews = webhook?.conversionReviewVersions ?? [];
  const bundle = webhook?.clientConfig?.caBundle;
  return {
    requireKnownReview: reviews.length === 0 || reviews.some((version) => REVIEW_VERSIONS.includes(version)),
    mayHaveBadBundle: !established || (bundle ? bundleFault(bundle) !== undefined : false),
  };
}

export function conversionErrors(
  conversion: CustomResourceConversion | undefined,
  path: string,
  options: ConversionOptions,
): FieldError[] {
  if (conversion === undefined) return [];
  const errors = choiceErrors(`${path}.strategy`, conversion.strategy ?? '', ['None', 'Webhook']);
  const { webhook } = conversion;
  const reviews = webhook?.conversionReviewVersions ?? [];
  const clientPath = `${path}.webhookClientConfig`;
  const reviewsPath = `${path}.conversionReviewVersions`;
  if (conversion.strategy === 'Webhook') {
    if (webhook?.clientConfig) errors.push(...clientErrors(webhook.clientConfig, clientPath, options));
    else errors.push(requiredError(clientPath, 'required when strategy is set to Webhook'));
    return [...errors, ...reviewErrors(reviews, reviewsPath, options.requireKnownReview)];
  }
  const why = 'should not be set when strategy is not set to Webhook';
  if (webhook?.clientConfig) errors.push(forbiddenError(clientPath, why));
  if (reviews.length > 0) errors.push(forbiddenError(reviewsPath, why));
  return errors;
}

function clientErrors(client: WebhookClientConfig, path: string, options: ConversionOptions): FieldError[] {
  const { url, service, caBundle } = client;
  const errors: FieldError[] = [];
  if ((url === undefined) === (service === undefined))
    errors.push(requiredError(path, 'exactly one of url or service is required'));
  else if (url !== undefined) errors.push(...validateWebhookUrl(url, `${path}.url`));
  else if (service !== undefined) errors.push(...validateWebhookService(service, `${path}.service`));
  const fault = caBundle && !options.mayHaveBadBundle ? bundleFault(caBundle) : undefined;
  if (fault !== undefined) errors.push(invalidError(`${path}.caBundle`, caBundle, fault));
  return errors;
}

function reviewErrors(versions: readonly string[], path: string, requireKnown: boolean): FieldError[] {
  if (versions.length === 0) return [requiredError(path)];
  const errors: FieldError[] = [];
  for (const [index, version] of versions.entries()) {
    const at = `${path}[${index}]`;
    if (versions.indexOf(version) < index) errors.push(invalidError(at, version, 'duplicate version'));
    else errors.push(...invalidErrors(at, version, dns1035Label(version)));
  }
  if (requireKnown && !versions.some((version) => REVIEW_VERSIONS.includes(version)))
    errors.push(invalidError(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`));
  return errors;
}

const SEQUENCE = 0x30;

/** Why a bundle (base64 of PEM) has no certificate in it. Upstream: client-go transport.TLSConfigFor. */
export function bundleFault(bundle: string): string | undefined {
  const head = 'unable to load root certificates: ';
  const blocks = pemBlocks(textOf(bundle));
  if (blocks.length === 0) return `${head}unable to parse bytes as PEM block`;
  const certificates = blocks.filter(({ type, hasHeaders }) => type === 'CERTIFICATE' && !hasHeaders);
  if (certificates.length === 0) return `${head}no valid certificate authority data seen`;
  // A certificate is a DER sequence; what is in it is found out when it is used.
  if (certificates.some(({ bytes }) => bytes[0] === SEQUENCE)) return undefined;
  return `${head}failed to parse certificate: x509: malformed certificate`;
}
