/** The rules by which every node is allowed what has no rule of its own. Upstream: bootstrappolicy.NodeRules. */
import type { ClusterRole, PolicyRule } from '../../kinds/index.ts';
import { BOOTSTRAP_OBJECTS } from './generated/objects.ts';

const START = '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"system:node",';
let rules: readonly PolicyRule[] | undefined;

/** Those of the recorded ClusterRole system:node; a change to the role in the cluster does not change them. */
export function nodeRules(): readonly PolicyRule[] {
  if (!rules) {
    const line = BOOTSTRAP_OBJECTS.split('\n').find((text) => text.startsWith(START));
    rules = line ? ((JSON.parse(line) as ClusterRole).rules ?? []) : [];
  }
  return rules;
}
