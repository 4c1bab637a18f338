/** Labels of nodes that have new names. Upstream: pkg/api/node/util.go. */
import { memberOf } from '../../../machinery/own-member.ts';
import { labelValue } from '../../../machinery/validation/index.ts';
import type { NodeSelectorTerm } from '../../generated/types/core-v1.ts';

const DEPRECATED: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

/** What to say of a label; undefined for one that may be used. */
export const deprecatedLabel = (key: string): string | undefined => memberOf(DEPRECATED, key);

/** `withValues`: whether values that no label can have are told of. */
export function selectorTermWarnings(term: NodeSelectorTerm | undefined, path: string, withValues = false): string[] {
  return (term?.matchExpressions ?? []).flatMap(({ key, values = [] }, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    const text = deprecatedLabel(key);
    const old = text === undefined ? [] : [`${at}.key: ${key} is ${text}`];
    if (!withValues) return old;
    const wrong = values.flatMap((value, position) =>
      labelValue(value).map((why) => `${at}.values[${position}]: ${value} is invalid, ${why}`),
    );
    return [...old, ...wrong];
  });
}
