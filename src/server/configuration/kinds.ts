/** What each configuration document must be. */
import type { ClusterSettings } from '../../machinery/kind.ts';
import { parsePodSecurity } from '../admission/pod-security/configuration.ts';
import { parsePolicy } from '../audit/policy.ts';
import { compileAuthentication } from '../authn/structured/index.ts';
import { compileAuthorization } from '../authz/structured/index.ts';
import type { ConfigurationInput, ConfigurationName } from './document.ts';
import { webhookClient } from './kubeconfig.ts';

type Check = (input: ConfigurationInput, duplicates: readonly string[], settings: ClusterSettings) => unknown;

const CHECKS: Partial<Record<ConfigurationName, Check>> = {
  authentication: ({ document }, duplicates, settings) =>
    compileAuthentication(document, [settings.serviceAccountIssuer], duplicates),
  authorization: (input, duplicates) => compileAuthorization(input, duplicates),
  'audit-policy': ({ document }, duplicates) => parsePolicy(document, duplicates),
  'audit-webhook': ({ document, files }) => webhookClient(document, files),
  'pod-security': ({ document }, duplicates) => parsePodSecurity(document, duplicates),
};

/** Throws 400 with the messages of upstream's server, where it would not start with this document. */
export function checkConfiguration(
  name: ConfigurationName,
  input: ConfigurationInput,
  { duplicates, settings }: { duplicates: readonly string[]; settings: ClusterSettings },
): void {
  CHECKS[name]?.(input, duplicates, settings);
}
