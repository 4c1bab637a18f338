/** The first version of a kind's definition; afterwards the file is hand-written. */
import { shortGroup } from './facts.ts';
import type { KindFacts } from './kinds.ts';

const dashed = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();

/** Path below `src/kinds`. */
export function skeletonPath(facts: KindFacts): string {
  return `${shortGroup(facts.group)}/${facts.version}/${dashed(facts.kind)}.ts`;
}

/** `pods`, `horizontalPodAutoscalers`, `csiDrivers`: the plural in camel case. */
export function constantName(facts: KindFacts): string {
  const camel = facts.kind.replace(/^([A-Z]+)(?=[A-Z][a-z])|^[A-Z]/, (head) => head.toLowerCase());
  if (facts.resource === facts.singular) return camel;
  if (facts.resource === `${facts.singular}s`) return `${camel}s`;
  if (facts.resource === `${facts.singular}es`) return `${camel}es`;
  return camel.replace(/y$/, 'ies');
}

export function skeletonSource(id: string, facts: KindFacts): string {
  const types = `../../generated/types/${shortGroup(facts.group)}-${facts.version}.ts`;
  return `import { defineKind } from '../../define-kind.ts';
import type { ${facts.kind} } from '${types}';

export const ${constantName(facts)} = defineKind<${facts.kind}>('${id}', {});
`;
}
