import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serveWords } from '../../src/emulator/compiled-config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Stands for workerd: counts its runs, and answers `answer`. */
function program(answer: string): { file: string; runs: () => number } {
  const file = join(folder, 'program');
  const log = join(folder, 'runs');
  writeFileSync(log, '');
  writeFileSync(file, `#!/bin/sh\necho "$@" >> '${log}'\n${answer}\n`);
  chmodSync(file, 0o755);
  return { file, runs: () => readFileSync(log, 'utf8').split('\n').length - 1 };
}

describe('the configuration as workerd reads it', () => {
  it('is made once, and again when the text or a file in it has changed', () => {
    const config = join(folder, 'workerd.capnp');
    const bundle = join(folder, 'worker.js');
    writeFileSync(bundle, 'one');
    writeFileSync(config, 'modules = [(name = "worker.js", esModule = embed "worker.js")]');
    const workerd = program("printf 'binary'");
    const words = ['serve', '--binary', `${config}.bin`];
    expect(serveWords(workerd.file, config)).toEqual(words);
    expect(serveWords(workerd.file, config)).toEqual(words);
    expect(workerd.runs()).toBe(1);
    expect(readFileSync(words[2]!, 'utf8')).toBe('binary');
    expect(statSync(words[2]!).mode & 0o777).toBe(0o600);
    writeFileSync(bundle, 'another');
    serveWords(workerd.file, config);
    expect(workerd.runs()).toBe(2);
    writeFileSync(config, `${readFileSync(config, 'utf8')}\n`);
    serveWords(workerd.file, config);
    expect(workerd.runs()).toBe(3);
  });

  it('is served as text when the binary form cannot be made', () => {
    const config = join(folder, 'workerd.capnp');
    writeFileSync(config, 'nonsense');
    expect(serveWords(program('exit 1').file, config)).toEqual(['serve', config]);
    expect(serveWords(join(folder, 'absent'), config)).toEqual(['serve', config]);
  });
});
