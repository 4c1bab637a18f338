import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { mergeKubeconfig } from '../../src/emulator/index.ts';

const entry = { name: 'kedge-default', server: 'https://127.0.0.1:6443', ca: 'PEM', token: 'secret' };

describe("merging into the user's kubeconfig", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kedge-kubeconfig-'));
    file = join(folder, 'config');
    vi.stubEnv('KUBECONFIG', `${file}:${join(folder, 'second')}`);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  it('makes the first file that KUBECONFIG names, for its owner only', () => {
    expect(mergeKubeconfig(entry)).toBe(file);
    expect(parse(readFileSync(file, 'utf8'))).toMatchObject({ 'current-context': 'kedge-default' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('keeps what is there, replaces what has its name, and becomes current', () => {
    writeFileSync(
      file,
      JSON.stringify({
        clusters: [{ name: 'work' }, { name: 'kedge-default', cluster: { server: 'https://old' } }],
        contexts: [{ name: 'work' }],
        'current-context': 'work',
        preferences: { colors: true },
      }),
    );
    mergeKubeconfig(entry);
    const merged = parse(readFileSync(file, 'utf8'));
    expect(merged.clusters.map((each: { name: string }) => each.name)).toEqual(['work', 'kedge-default']);
    expect(merged.clusters[1].cluster.server).toBe(entry.server);
    expect(merged).toMatchObject({ 'current-context': 'kedge-default', preferences: { colors: true } });
  });

  it.each(['- a list', 'only words', '{ broken'])('leaves a file alone that holds "%s"', (text) => {
    writeFileSync(file, text);
    expect(() => mergeKubeconfig(entry)).toThrow(/config is not a kubeconfig/);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
