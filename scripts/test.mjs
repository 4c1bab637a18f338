#!/usr/bin/env node
// `npm test`: installs the locked dependencies when they are missing, then runs every tier and counts the outcome.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDependencies } from './dependencies.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = join(root, 'node_modules', '.bin');

function run(command, args, env = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, ...env },
  });
  return result.status ?? 1;
}

ensureDependencies(['vitest']);

/** Name of the tier and the command that runs it; test runners write their counts to a file. */
const tiers = [
  ['types', (_) => ['tsc', ['-p', 'tsconfig.worker.json']]],
  ['types of Node code', (_) => ['tsc', ['-p', 'tsconfig.node.json']]],
  ['lint', (_) => ['biome', ['check', '.']]],
  [
    'unit',
    (out) => [
      'vitest',
      ['run', '--project', 'unit', '--reporter=default', '--reporter=json', `--outputFile.json=${out}`],
    ],
  ],
  [
    'workerd',
    (out) => [
      'vitest',
      ['run', '--project', 'workerd', '--reporter=default', '--reporter=json', `--outputFile.json=${out}`],
    ],
  ],
  ['bundle', (_) => ['wrangler', ['deploy', '--dry-run', '--outdir', join(root, 'dist', 'deploy')]]],
  [
    'e2e',
    (out) => [
      'vitest',
      ['run', '--project', 'e2e', '--reporter=default', '--reporter=json', `--outputFile.json=${out}`],
    ],
  ],
];

const only = process.argv.slice(2);
const names = tiers.map(([name]) => name);
const unknown = only.find((name) => !names.includes(name));
if (unknown !== undefined) {
  console.error(`there is no tier "${unknown}"; there are: ${names.join(', ')}`);
  process.exit(2);
}
const scratch = mkdtempSync(join(tmpdir(), 'kedge-test-'));
let passed = 0;
let failed = 0;
let skipped = 0;
for (const [name, commandOf] of tiers) {
  if (only.length > 0 && !only.includes(name)) continue;
  console.log(`\n── ${name}`);
  const out = join(scratch, `${name.replaceAll(' ', '-')}.json`);
  const [command, args] = commandOf(out);
  const status = run(command, args, { WRANGLER_SEND_METRICS: 'false', CI: 'true' });
  if (existsSync(out)) {
    const report = JSON.parse(readFileSync(out, 'utf8'));
    passed += report.numPassedTests;
    failed += report.numFailedTests;
    skipped += report.numPendingTests;
    // A file that could not even be loaded counts as a failure although none of its tests ran.
    if (status !== 0 && report.numFailedTests === 0) failed++;
  } else if (status === 0) passed++;
  else failed++;
}
rmSync(scratch, { recursive: true, force: true });
console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);
