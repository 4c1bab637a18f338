/**
 * What holds for namespaces without labels, and who is exempt. Upstream: PodSecurityConfiguration, the file of the
 * PodSecurity plugin.
 */
import { badRequest, type FieldError } from '../../../machinery/status.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  duplicateError,
  invalidError,
  invalidErrors,
} from '../../../machinery/validation/index.ts';
import { aggregate, checkStrictly, type DocumentType } from '../../configuration/decode.ts';
import { compiledConfiguration } from '../../configuration/document.ts';
import type { ConfigSnapshot } from '../../contract.ts';
import { defaultPolicy, levelFault, type Policy, versionFault } from './policy.ts';

export interface Exemptions {
  usernames: readonly string[];
  runtimeClasses: readonly string[];
  namespaces: readonly string[];
}

export interface PodSecurityConfiguration {
  defaults: Policy;
  exemptions: Exemptions;
}

const NAMES = ['string'] as const;
const LEVELS = { enforce: 'string', audit: 'string', warn: 'string' } as const;
const DOCUMENT: DocumentType = {
  apiVersions: ['pod-security.admission.config.k8s.io/v1'],
  kind: 'PodSecurityConfiguration',
  shape: {
    defaults: { ...LEVELS, 'enforce-version': 'string', 'audit-version': 'string', 'warn-version': 'string' },
    exemptions: { usernames: NAMES, runtimeClasses: NAMES, namespaces: NAMES },
  },
};

const NOTHING: PodSecurityConfiguration = {
  defaults: defaultPolicy(),
  exemptions: { usernames: [], runtimeClasses: [], namespaces: [] },
};

/** The configuration in force. */
export const podSecurityConfiguration = (snapshot: ConfigSnapshot): PodSecurityConfiguration =>
  compiledConfiguration(snapshot, 'pod-security', ({ document }) => parsePodSecurity(document)) ?? NOTHING;

/** A document as a configuration; throws 400 with upstream's messages for a wrong one. */
export function parsePodSecurity(
  document: Record<string, unknown>,
  duplicates: readonly string[] = [],
): PodSecurityConfiguration {
  checkStrictly(document, DOCUMENT, duplicates);
  const { defaults = {}, exemptions = {} } = document as {
    defaults?: Record<string, string>;
    exemptions?: Partial<Exemptions>;
  };
  const { namespaces = [], runtimeClasses = [], usernames = [] } = exemptions;
  const errors = [
    ...faultsOfDefaults(defaults),
    ...faultsOfNames('namespaces', namespaces, dns1123Label),
    ...faultsOfNames('runtimeClasses', runtimeClasses, dns1123Subdomain),
    ...faultsOfNames('usernames', usernames, (name) => (name === '' ? ['username must not be empty'] : [])),
  ];
  if (errors.length > 0) throw badRequest(aggregate(errors));
  return { defaults: defaultPolicy(defaults), exemptions: { namespaces, runtimeClasses, usernames } };
}

function faultsOfDefaults(defaults: Readonly<Record<string, string>>): FieldError[] {
  return (['enforce', 'warn', 'audit'] as const).flatMap((mode) =>
    [
      { key: mode, fault: levelFault },
      { key: `${mode}-version`, fault: versionFault },
    ].flatMap(({ key, fault }) => {
      const value = defaults[key];
      const why = value ? fault(value) : undefined;
      return why === undefined ? [] : [invalidError(`defaults.${key}`, value, why)];
    }),
  );
}

function faultsOfNames(list: string, names: readonly string[], check: (name: string) => string[]): FieldError[] {
  return names.flatMap((name, i) => {
    const path = `exemptions.${list}[${i}]`;
    const errors = invalidErrors(path, name, check(name));
    return errors.length === 0 && names.indexOf(name) < i ? [duplicateError(path, name)] : errors;
  });
}
