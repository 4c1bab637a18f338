/** A table of nftables as a value, and the smallest script that turns one into another. Pure. */

export interface Ruleset {
  /** Rules of each chain, in order. */
  chains: Map<string, string[]>;
  /** Declarations of sets (in braces). */
  sets: Map<string, string>;
  /** Elements of the maps that the table has from the start: map name, key, verdict. */
  elements: Map<string, Map<string, string>>;
}

export function emptyRuleset(): Ruleset {
  return { chains: new Map(), sets: new Map(), elements: new Map() };
}

export interface RulesetChange {
  /** Applied as one transaction. Empty when nothing changes. */
  script: string;
  /** What is not referenced any more after `script`; deleted afterwards, when the kernel lets go of it. */
  cleanup: string;
}

/** The script from `from` to `to` in table `ip TABLE`. */
export function diffRulesets(table: string, from: Ruleset, to: Ruleset): RulesetChange {
  const declare: string[] = [];
  const fill: string[] = [];
  for (const [name, declaration] of to.sets) {
    if (!from.sets.has(name)) declare.push(`add set ip ${table} ${name} ${declaration}`);
  }
  for (const [name, rules] of to.chains) {
    const before = from.chains.get(name);
    if (before && sameRules(before, rules)) continue;
    declare.push(`add chain ip ${table} ${name}`);
    if (before) fill.push(`flush chain ip ${table} ${name}`);
    for (const rule of rules) fill.push(`add rule ip ${table} ${name} ${rule}`);
  }
  const { removed, added } = diffElements(table, from, to);
  const stale = [...from.chains.keys()].filter((name) => !to.chains.has(name));
  const empty = stale.map((name) => `flush chain ip ${table} ${name}`);
  const staleSets = [...from.sets.keys()].filter((name) => !to.sets.has(name));
  const cleanup = [
    ...stale.map((name) => `delete chain ip ${table} ${name}`),
    ...staleSets.map((name) => `delete set ip ${table} ${name}`),
  ];
  return { script: [...declare, ...fill, ...removed, ...added, ...empty].join('\n'), cleanup: cleanup.join('\n') };
}

function diffElements(table: string, from: Ruleset, to: Ruleset): { removed: string[]; added: string[] } {
  const removed: string[] = [];
  const added: string[] = [];
  for (const name of new Set([...from.elements.keys(), ...to.elements.keys()])) {
    const before = from.elements.get(name) ?? new Map<string, string>();
    const after = to.elements.get(name) ?? new Map<string, string>();
    for (const [key, value] of before) {
      if (after.get(key) !== value) removed.push(`delete element ip ${table} ${name} { ${key} }`);
    }
    for (const [key, value] of after) {
      if (before.get(key) !== value)
        added.push(`add element ip ${table} ${name} { ${value === '' ? key : `${key} : ${value}`} }`);
    }
  }
  return { removed, added };
}

function sameRules(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((rule, index) => rule === b[index]);
}
