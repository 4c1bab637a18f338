import { defineKind } from '../../define-kind.ts';
import type { ServiceAccount } from '../../generated/types/core-v1.ts';

const MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets';

/** Of a secret only the name counts. Upstream: registry/core/serviceaccount cleanSecretReferences. */
function keepNames(account: ServiceAccount): void {
  if (account.secrets) account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

const warningsOf = ({ metadata }: ServiceAccount): string[] =>
  metadata.annotations?.[MOUNTABLE] === undefined
    ? []
    : [
        `metadata.annotations[${MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
      ];

export const serviceAccounts = defineKind<ServiceAccount>('core/v1/serviceaccounts', {
  cached: true,
  strategy: {
    prepareForCreate: keepNames,
    prepareForUpdate: keepNames,
    warningsOnCreate: warningsOf,
    warningsOnUpdate: (account, old) =>
      old.metadata.annotations?.[MOUNTABLE] === undefined ? warningsOf(account) : [],
  },
});
