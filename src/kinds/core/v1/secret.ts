import { secretCells } from '../../cells/core.ts';
import { defineKind } from '../../define-kind.ts';
import type { Secret } from '../../generated/types/core-v1.ts';
import { keyPairFault } from './key-pair.ts';
import { validateSecret, validateSecretUpdate } from './validate-config.ts';

const encoder = new TextEncoder();

/** Base64 of the UTF-8 form. */
function encodeBase64(text: string): string {
  let binary = '';
  for (const byte of encoder.encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function keyPairWarnings({ type, data }: Secret): string[] {
  const why = type === 'kubernetes.io/tls' ? keyPairFault(data?.['tls.crt'] ?? '', data?.['tls.key'] ?? '') : undefined;
  return why === undefined ? [] : [why];
}

export const secrets = defineKind<Secret>('core/v1/secrets', {
  defaults(secret) {
    secret.type ??= 'Opaque';
    if (secret.stringData === undefined) return;
    secret.data ??= {};
    for (const [key, value] of Object.entries(secret.stringData)) secret.data[key] = encodeBase64(value);
    delete secret.stringData;
  },
  fieldsOf: (secret) => ({ type: secret.type ?? '' }),
  cells: secretCells,
  strategy: {
    validateCreate: validateSecret,
    validateUpdate: validateSecretUpdate,
    warningsOnCreate: keyPairWarnings,
    warningsOnUpdate: keyPairWarnings,
  },
});
