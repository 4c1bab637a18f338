import { runCommand } from '../node/command.ts';
import { baseTable, type TableSettings } from './base-table.ts';
import { diffRulesets, emptyRuleset, type Ruleset } from './ruleset.ts';

/** Runs a script of nft as one transaction. Throws Error with nft's own words. */
export type RunNft = (script: string) => Promise<void>;

const runNft: RunNft = async (script) => {
  const { code, stdout, stderr } = await runCommand('nft', ['-f', '-'], { input: Buffer.from(script) });
  if (code !== 0)
    throw new Error(`nft: ${(stderr || stdout).trim().split('\n').slice(0, 3).join(' ') || `exit code ${code}`}`);
};

export interface NftTable {
  /** Brings the kernel's table to `desired`; one transaction, nothing when nothing changed. */
  apply(desired: Ruleset): Promise<void>;
  /** Removes the table. */
  remove(): Promise<void>;
}

/** The node's own table. The first `apply`, and one after a failure, writes it anew. */
export function createNftTable(settings: TableSettings, run: RunNft = runNft): NftTable {
  let current: Ruleset | undefined;
  return {
    async apply(desired) {
      if (!current) {
        await run(baseTable(settings) + diffRulesets(settings.table, emptyRuleset(), desired).script);
        current = desired;
        return;
      }
      const change = diffRulesets(settings.table, current, desired);
      if (change.script === '') return;
      const before = current;
      current = undefined;
      try {
        await run(change.script);
      } catch {
        // What is in the kernel differs from what was believed: write everything anew.
        await run(baseTable(settings) + diffRulesets(settings.table, emptyRuleset(), desired).script);
        current = desired;
        return;
      }
      current = desired;
      // Kernels before 6.7 keep what a map element referred to busy for a moment; a chain left behind is empty and unused.
      if (change.cleanup !== '') await run(change.cleanup).catch(() => keepStale(before, desired));
    },
    async remove() {
      current = undefined;
      await run(`table ip ${settings.table}\ndelete table ip ${settings.table}\n`);
    },
  };

  /** Remembers chains that could not be deleted, so that the next change deletes them. */
  function keepStale(before: Ruleset, desired: Ruleset): void {
    const chains = new Map(desired.chains);
    const sets = new Map(desired.sets);
    for (const name of before.chains.keys()) if (!chains.has(name)) chains.set(name, []);
    for (const [name, declaration] of before.sets) if (!sets.has(name)) sets.set(name, declaration);
    current = { chains, sets, elements: desired.elements };
  }
}
