import type { CommandContext, Flag } from './command.ts';

const file = (description: string): Flag => ({ type: 'string', value: 'FILE', description });

/** Configurations that upstream's API server takes as files; they stay set when a later start leaves them out. */
export const CONFIGURATION_FLAGS = {
  'authentication-config': file('Set the AuthenticationConfiguration of the cluster'),
  'authorization-config': file('Set the AuthorizationConfiguration of the cluster'),
  'pod-security-config': file('Set the PodSecurityConfiguration of the cluster'),
  'audit-policy': file('Set the audit policy of the cluster'),
  'audit-webhook': file('Send audit events to the server of this kubeconfig'),
} as const satisfies Record<string, Flag>;

/** The files given, by the name of the configuration. */
export function configurationsOf({ flags }: CommandContext): Record<string, string> {
  const given = Object.keys(CONFIGURATION_FLAGS).filter((flag) => flags[flag] !== undefined);
  return Object.fromEntries(given.map((flag) => [flag.replace(/-config$/, ''), String(flags[flag])]));
}
