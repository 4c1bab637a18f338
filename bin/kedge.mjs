#!/usr/bin/env node
// The `kedge` command of a clone: makes sure that dependencies and bundles are there, then runs the command.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error(`kedge needs Node.js 20 or newer; this is ${process.version}`);
  process.exit(1);
}

if (!existsSync(join(root, 'node_modules', 'workerd')) || !existsSync(join(root, 'node_modules', 'esbuild'))) {
  console.error('Installing the locked dependencies (once) …');
  const result = spawnSync('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) {
    console.error('npm ci failed; its messages are above');
    process.exit(1);
  }
}

const builder = join(root, 'scripts', 'build.mjs');
const dist = join(root, 'dist');
if (process.argv[2] === 'up') {
  // This process stays, and would keep the 5 MB that a look at all sources takes.
  const built = spawnSync(process.execPath, [builder], { stdio: ['ignore', 2, 2] });
  if (built.status !== 0) process.exit(built.status ?? 1);
} else await (await import(pathToFileURL(builder).href)).build();
const { main } = await import(pathToFileURL(join(dist, 'cli.js')).href);
process.exitCode = await main(process.argv.slice(2), { dist });
