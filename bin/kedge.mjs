#!/usr/bin/env node
// The `kedge` command of a clone: makes sure that dependencies and bundles are there, then runs the command.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureDependencies } from '../scripts/dependencies.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error(`kedge needs Node.js 20 or newer; this is ${process.version}`);
  process.exit(1);
}

ensureDependencies(['workerd', 'esbuild'], ['--omit=dev']);

const builder = join(root, 'scripts', 'build.mjs');
const dist = join(root, 'dist');
if (process.argv[2] === 'up') {
  // This process stays, and would keep the 5 MB that a look at all sources takes.
  const built = spawnSync(process.execPath, [builder], { stdio: ['ignore', 2, 2] });
  if (built.status !== 0) process.exit(built.status ?? 1);
} else await (await import(pathToFileURL(builder).href)).build();
const { main } = await import(pathToFileURL(join(dist, 'cli.js')).href);
process.exitCode = await main(process.argv.slice(2), { dist });
