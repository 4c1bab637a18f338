/** One suite for every implementation of a shard; titles name the rules of src/storage/SPEC.md. */
import { describe } from 'vitest';
import type { LocalShard } from '../../src/storage/local-shard.ts';
import { changesRules } from './contract/changes-rules.ts';
import { listRules } from './contract/list-rules.ts';
import { transactionRules } from './contract/transaction-rules.ts';
import { watchRules } from './contract/watch-rules.ts';

export interface Implementation {
  name: string;
  open(): LocalShard;
  /** Opens the shard again on what it had stored, where it stores anything. */
  reopen?(shard: LocalShard): LocalShard;
}

export function contractSuite(implementation: Implementation): void {
  describe(`a shard: ${implementation.name}`, () => {
    transactionRules(implementation);
    listRules(implementation);
    watchRules(implementation);
    changesRules(implementation);
  });
}
