/** What each configuration document must be. */
import { parsePodSecurity } from '../admission/pod-security/configuration.ts';
import { parsePolicy } from '../audit/policy.ts';
import type { ConfigurationInput, ConfigurationName } from './document.ts';
import { webhookClient } from './kubeconfig.ts';

type Check = (input: ConfigurationInput, duplicates: readonly string[]) => unknown;

const CHECKS: Partial<Record<ConfigurationName, Check>> = {
  'audit-policy': ({ document }, duplicates) => parsePolicy(document, duplicates),
  'audit-webhook': ({ document, files }) => webhookClient(document, files),
  'pod-security': ({ document }, duplicates) => parsePodSecurity(document, duplicates),
};

/** Throws 400 with the messages of upstream's server, where it would not start with this document. */
export function checkConfiguration(
  name: ConfigurationName,
  input: ConfigurationInput,
  duplicates: readonly string[],
): void {
  CHECKS[name]?.(input, duplicates);
}
