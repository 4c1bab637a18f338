/** Rules of certificate requests. Upstream: pkg/apis/certificates/validation. */
import { sentEmpty } from '../../../machinery/explicit-empty.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  duplicateError,
  forbiddenError,
  invalidError,
  notSupportedError,
  requiredError,
} from '../../../machinery/validation/index.ts';
import type { CertificateSigningRequest } from '../../generated/types/certificates-v1.ts';
import { outlineFault, pemBlocks, textOf } from './pem.ts';
import { validateSignerName } from './signer-name.ts';

const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';
const MIN_SECONDS = 600;
const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];
const FINAL_TYPES = ['Approved', 'Denied', 'Failed'];
const CONDITIONS = 'status.conditions';
const CERTIFICATE = 'status.certificate';

type Endpoint = '' | 'status' | 'approval';

/** What is let through because the stored object has it already. */
interface Tolerance {
  bothDecisions?: boolean;
  legacySigner?: boolean;
  duplicateTypes?: boolean;
  emptyTypes?: boolean;
  anyCertificate?: boolean;
  duplicateUsages?: boolean;
  unknownUsages?: boolean;
}

export function validateRequest(request: CertificateSigningRequest, tolerance: Tolerance = {}): FieldError[] {
  const { spec, status } = request;
  const errors: FieldError[] = [];
  const fault = requestFault(spec.request);
  if (fault !== undefined) errors.push(invalidError('spec.request', spec.request ?? sentEmpty(spec, 'request'), fault));
  const usages = spec.usages ?? [];
  if (usages.length === 0) errors.push(requiredError('spec.usages'));
  if (!tolerance.unknownUsages)
    for (const [index, usage] of usages.entries())
      if (!USAGES.includes(usage)) errors.push(notSupportedError(`spec.usages[${index}]`, usage, USAGES));
  if (!tolerance.duplicateUsages)
    for (const [index, usage] of usages.entries())
      if (usages.indexOf(usage) < index) errors.push(duplicateError(`spec.usages[${index}]`, usage));
  if (spec.signerName === LEGACY_SIGNER && !tolerance.legacySigner) {
    const why = 'the legacy signerName is not allowed via this API version';
    errors.push(invalidError('spec.signerName', spec.signerName, why));
  } else errors.push(...validateSignerName(spec.signerName ?? '', 'spec.signerName'));
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < MIN_SECONDS) {
    const why = `may not specify a duration less than ${MIN_SECONDS} seconds (10 minutes)`;
    errors.push(invalidError('spec.expirationSeconds', spec.expirationSeconds, why));
  }
  errors.push(...validateDecisions(request, tolerance));
  const unreadable = tolerance.anyCertificate ? undefined : certificateFault(status?.certificate);
  if (unreadable !== undefined) errors.push(invalidError(CERTIFICATE, '<certificate data>', unreadable));
  return errors;
}

/** Its signature is verified by the server, as that takes time. */
function requestFault(request: string | null | undefined): string | undefined {
  const [block] = pemBlocks(textOf(request));
  if (block?.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST';
  return outlineFault(block.bytes, 'request');
}

function validateDecisions({ status }: CertificateSigningRequest, tolerance: Tolerance): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  let decisions = 0;
  for (const [index, { type, status: value }] of (status?.conditions ?? []).entries()) {
    const at = `${CONDITIONS}[${index}]`;
    if (type === '' && !tolerance.emptyTypes) errors.push(requiredError(`${at}.type`));
    const allowed = FINAL_TYPES.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (!value) errors.push(requiredError(`${at}.status`));
    else if (!allowed.includes(value)) errors.push(notSupportedError(`${at}.status`, value, allowed));
    const isFirst = !seen.has(type);
    if ((type === 'Approved' || type === 'Denied') && isFirst) decisions++;
    if (decisions === 2 && !tolerance.bothDecisions) {
      errors.push(invalidError(CONDITIONS, type, 'Approved and Denied conditions are mutually exclusive'));
      decisions = 0;
    }
    if (!isFirst && !tolerance.duplicateTypes) errors.push(duplicateError(`${at}.type`, type));
    seen.add(type);
  }
  return errors;
}

function certificateFault(certificate: string | undefined): string | undefined {
  if (!certificate) return undefined;
  const blocks = pemBlocks(textOf(certificate));
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const { type, hasHeaders, bytes } of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (hasHeaders) return 'no PEM block headers are permitted';
    if (bytes.length === 0) return 'found CERTIFICATE PEM block containing 0 certificates';
    const fault = outlineFault(bytes, 'certificate');
    if (fault !== undefined) return fault.replace('asn1: ', 'x509: malformed certificate: ');
  }
  return undefined;
}

function toleranceFor({ spec, status }: CertificateSigningRequest): Tolerance {
  const types = (status?.conditions ?? []).map(({ type }) => type);
  const usages = spec.usages ?? [];
  return {
    bothDecisions: types.includes('Approved') && types.includes('Denied'),
    legacySigner: spec.signerName === LEGACY_SIGNER,
    duplicateTypes: new Set(types).size < types.length,
    emptyTypes: types.includes(''),
    anyCertificate: certificateFault(status?.certificate) !== undefined,
    duplicateUsages: new Set(usages).size < usages.length,
    unknownUsages: usages.some((usage) => !USAGES.includes(usage)),
  };
}

/** Decisions are made at `/approval`, certificates come at `/status`; neither is taken back. */
export const validateRequestUpdate =
  (endpoint: Endpoint) =>
  (request: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] => {
    const errors = validateRequest(request, toleranceFor(old));
    const count = ({ status }: CertificateSigningRequest, type: string): number =>
      (status?.conditions ?? []).filter((condition) => condition.type === type).length;
    for (const type of FINAL_TYPES)
      if (count(request, type) < count(old, type))
        errors.push(forbiddenError(CONDITIONS, `updates may not remove a condition of type "${type}"`));
    if (endpoint !== 'approval')
      for (const type of ['Approved', 'Denied'])
        if (count(request, type) > count(old, type))
          errors.push(forbiddenError(CONDITIONS, `updates may not add a condition of type "${type}"`));
    const [now, before] = [request.status?.certificate ?? '', old.status?.certificate ?? ''];
    if (now !== before) {
      if (endpoint !== 'status') errors.push(forbiddenError(CERTIFICATE, 'updates may not set certificate content'));
      else if (before !== '')
        errors.push(forbiddenError(CERTIFICATE, 'updates may not modify existing certificate content'));
    }
    return errors;
  };
