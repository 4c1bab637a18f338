// The locked dependencies of a clone. Plain JavaScript without imports from packages: it runs before there are any.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Installs everything that the lock file names, with `flags` for npm, when one of `packages` is missing. */
export function ensureDependencies(packages, flags = []) {
  if (packages.every((name) => existsSync(join(root, 'node_modules', name)))) return;
  console.error('Installing the locked dependencies (once) …');
  const words = ['ci', ...flags, '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', words, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  console.error('npm ci failed; its messages are above');
  process.exit(1);
}
