#!/usr/bin/env node
// `npm run bench`: what a local cluster of this clone does on this machine, beside what the machine and the runtime
// allow. The sources are TypeScript, so a Node that strips types runs them.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { ensureDependencies } from './dependencies.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
ensureDependencies(['esbuild', 'node', 'workerd']);
await build();
const own = join(root, 'node_modules', 'node', 'bin', 'node');
const node = process.features.typescript || !existsSync(own) ? process.execPath : own;
const { status } = spawnSync(node, [join(root, 'bench', 'cluster.ts'), ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 1;
