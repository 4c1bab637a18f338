#!/usr/bin/env node
// Bundles what runs: the Worker, the node agent (one file) and the command. Plain JavaScript, so that any Node ≥ 20
// can run it on a fresh clone. Skips the work when no source changed since the last build.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const stampFile = join(dist, 'stamp');

/** A digest of names, sizes and times of all sources. */
function stampOfSources() {
  const hash = createHash('sha1');
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else {
        const { size, mtimeMs } = statSync(path);
        hash.update(`${path}:${size}:${mtimeMs}\n`);
      }
    }
  };
  walk(join(root, 'src'));
  walk(join(root, 'migrations'));
  for (const file of ['package-lock.json', 'scripts/build.mjs']) hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

const isBuilt = () => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stampOfSources();

/** Builds into dist/ when something changed; returns the folder. */
export async function build({ force = false } = {}) {
  if (!force && isBuilt()) return dist;
  mkdirSync(dist, { recursive: true });
  const release = await lock(join(dist, '.building'));
  try {
    // Another command may have built meanwhile.
    if (force || !isBuilt()) await bundle();
  } finally {
    release();
  }
  return dist;
}

const LOCK_PATIENCE_MS = 60_000;

/** Lets one build run at a time; a lock older than any build takes is that of a process that was killed. */
async function lock(folder) {
  for (;;) {
    try {
      mkdirSync(folder);
      return () => rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const made = statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
    if (made !== undefined && Date.now() - made > LOCK_PATIENCE_MS) rmSync(folder, { recursive: true, force: true });
    else await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const CHUNK_LIFE_MS = 86_400_000;

/** A running command may still load pieces of an earlier build: only old ones go. */
function removeOldChunks() {
  for (const file of readdirSync(dist)) {
    const path = join(dist, file);
    const made = /^cli-\w+\.js$/.test(file) ? statSync(path, { throwIfNoEntry: false })?.mtimeMs : undefined;
    if (made !== undefined && Date.now() - made > CHUNK_LIFE_MS) rmSync(path, { force: true });
  }
}

async function bundle() {
  const stamp = stampOfSources();
  const esbuild = await import('esbuild');
  removeOldChunks();
  const common = {
    bundle: true,
    format: 'esm',
    target: 'es2023',
    logLevel: 'warning',
    absWorkingDir: root,
    legalComments: 'none',
    loader: { '.sql': 'text' },
  };
  // Bundled CommonJS packages call require for Node's own modules.
  const banner = {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url); import { fileURLToPath as __toPath } from 'node:url'; import { dirname as __dirnameOf } from 'node:path'; const __filename = __toPath(import.meta.url); const __dirname = __dirnameOf(__filename);",
  };
  const node = { ...common, platform: 'node', target: 'node20', banner };
  await Promise.all([
    esbuild.build({
      ...common,
      entryPoints: ['src/worker/entry.ts'],
      outfile: 'dist/worker.js',
      platform: 'browser',
      conditions: ['workerd', 'worker', 'browser'],
      external: ['cloudflare:*', 'node:*'],
      minifySyntax: true,
      minifyWhitespace: true,
      keepNames: false,
    }),
    esbuild.build({ ...node, entryPoints: ['src/agent/main.ts'], outfile: 'dist/agent.js' }),
    // In pieces: what a command imports when it needs it stays out of the memory of `kedge up`.
    esbuild.build({
      ...node,
      entryPoints: { cli: 'src/cli/main.ts', 'make-certificate': 'src/emulator/make-certificate.ts' },
      outdir: 'dist',
      splitting: true,
      chunkNames: 'cli-[hash]',
      external: ['workerd'],
    }),
  ]);
  escapeAll(join(dist, 'worker.js'));
  writeFileSync(stampFile, stamp);
}

/**
 * One other character makes V8 keep the whole source in two bytes each. esbuild escapes them everywhere but in regular
 * expressions, where the escape means the same.
 */
function escapeAll(file) {
  const text = readFileSync(file, 'utf8');
  const escaped = text.replace(/\P{ASCII}/gu, (c) =>
    [...Array(c.length).keys()].map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );
  writeFileSync(file, escaped);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await build({ force: process.argv.includes('--force') });
