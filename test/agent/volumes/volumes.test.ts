import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from '../../../src/agent/node/command.ts';
import type { PodContext } from '../../../src/agent/pods/context.ts';
import { tellsOtherwise } from '../../../src/agent/pods/pod-volumes.ts';
import { writeAtomically } from '../../../src/agent/volumes/atomic-writer.ts';
import { pluginFor, VolumeError } from '../../../src/agent/volumes/index.ts';
import { bindSubPath } from '../../../src/agent/volumes/sub-path.ts';
import type { ConfigMap, Pod, Secret, Volume } from '../../../src/kinds/index.ts';
import { createManualClock } from '../../support/manual-clock.ts';

let folder: string;
const clock = createManualClock();
const isRoot = process.getuid?.() === 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-volumes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = (text: string, mode = 0o644) => ({ content: Buffer.from(text), mode });

describe('files written at once', () => {
  test('are links through ..data, and switch together', async () => {
    const target = join(folder, 'v');
    await writeAtomically(
      target,
      new Map([
        ['a', file('1')],
        ['deep/b', file('2', 0o400)],
      ]),
      { now: 0 },
    );
    expect(readlinkSync(join(target, 'a'))).toBe('..data/a');
    expect(readFileSync(join(target, 'deep/b'), 'utf8')).toBe('2');
    expect(statSync(join(target, 'deep/b')).mode & 0o777).toBe(0o400);
    const before = readlinkSync(join(target, '..data'));
    expect(
      await writeAtomically(
        target,
        new Map([
          ['a', file('1')],
          ['deep/b', file('2', 0o400)],
        ]),
        { now: 1 },
      ),
    ).toBe(false);
    expect(readlinkSync(join(target, '..data'))).toBe(before);
    expect(await writeAtomically(target, new Map([['a', file('9')]]), { now: 2 })).toBe(true);
    expect(readFileSync(join(target, 'a'), 'utf8')).toBe('9');
    expect(readdirSync(target).filter((name) => !name.startsWith('..'))).toEqual(['a']);
    expect(readdirSync(target).filter((name) => name.startsWith('..2') || name.startsWith('..1'))).toHaveLength(1);
  });

  test.each(['../x', '/x', 'a/../../x', '..x', ''])('refuse the path %j', async (path) => {
    await expect(writeAtomically(join(folder, 'v'), new Map([[path, file('')]]), { now: 0 })).rejects.toThrow(
      VolumeError,
    );
  });
});

describe('volumes', () => {
  const configMaps = new Map<string, Partial<ConfigMap>>();
  const secrets = new Map<string, Partial<Secret>>();
  const context = {
    clock,
    objects: {
      configMap: async (_: string, name: string) => configMaps.get(name) as ConfigMap | undefined,
      secret: async (_: string, name: string) => secrets.get(name) as Secret | undefined,
      follow: () => () => {},
    },
    node: () => ({ hostIPs: [], name: 'n', allocatable: {} }),
  } as unknown as PodContext;
  const pod: Pod = {
    metadata: { name: 'p', namespace: 'ns', labels: { app: 'x' } },
    spec: { containers: [{ name: 'c' }] },
  };
  const setUp = (volume: Volume) => {
    const plugin = pluginFor(volume);
    if (plugin === undefined) throw new Error('no plugin');
    return plugin.setUp({ pod, volume, folder: join(folder, volume.name), context });
  };
  configMaps.set('cm', { data: { a: 'text' }, binaryData: { b: Buffer.from([0, 255]).toString('base64') } });

  test('a ConfigMap is a file per key, bytes included', async () => {
    const { path, readOnly } = await setUp({ name: 'v', configMap: { name: 'cm' } });
    expect(readOnly).toBe(true);
    expect(readFileSync(join(path, 'a'), 'utf8')).toBe('text');
    expect([...readFileSync(join(path, 'b'))]).toEqual([0, 255]);
  });

  test('items choose keys, names and modes', async () => {
    const items = [{ key: 'a', path: 'x/y', mode: 0o440 }];
    const { path } = await setUp({ name: 'v', configMap: { name: 'cm', items } });
    expect(readFileSync(join(path, 'x/y'), 'utf8')).toBe('text');
    expect(statSync(join(path, 'x/y')).mode & 0o777).toBe(0o440);
    expect(() => readFileSync(join(path, 'b'))).toThrow();
  });

  test('what is missing is an error unless it is optional', async () => {
    await expect(setUp({ name: 'v', configMap: { name: 'none' } })).rejects.toThrow('configmap "none" not found');
    const items = [{ key: 'zz', path: 'z' }];
    await expect(setUp({ name: 'v', configMap: { name: 'cm', items } })).rejects.toThrow(
      'configmap references non-existent config key: zz',
    );
    const { path } = await setUp({ name: 'w', configMap: { name: 'none', optional: true } });
    expect(readdirSync(path).filter((name) => !name.startsWith('..'))).toEqual([]);
  });

  test.each<[string, Partial<Pod['metadata']>, boolean]>([
    ['labels', { labels: { a: 'c' } }, true],
    ['annotations', { annotations: { a: 'b' } }, true],
    ['its specification', { generation: 2 }, true],
    ['nothing that is told', { resourceVersion: '9' }, false],
  ])('files that tell of a pod are written again when it changes %s', (_, change, expected) => {
    const told = (volumes: unknown[]): [Pod, Pod] => {
      const metadata = { name: 'p', labels: { a: 'b' }, generation: 1 };
      const spec = { containers: [], volumes } as unknown as Pod['spec'];
      return [
        { metadata, spec },
        { metadata: { ...metadata, ...change }, spec },
      ];
    };
    expect(tellsOtherwise(...told([{ name: 'v', downwardAPI: {} }]))).toBe(expected);
    expect(tellsOtherwise(...told([{ name: 'v', projected: { sources: [{ downwardAPI: {} }] } }]))).toBe(expected);
    expect(tellsOtherwise(...told([{ name: 'v', emptyDir: {} }]))).toBe(false);
  });

  test('the downward API writes the fields of the pod', async () => {
    const items = [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }];
    const { path } = await setUp({ name: 'v', downwardAPI: { items } });
    expect(readFileSync(join(path, 'labels'), 'utf8')).toBe('app="x"');
  });

  test('a host path is checked for what it must be', async () => {
    writeFileSync(join(folder, 'plain'), '');
    const hostPath = (path: string, type: string) => setUp({ name: 'v', hostPath: { path: join(folder, path), type } });
    await expect(hostPath('plain', 'Directory')).rejects.toThrow(/is not a directory$/);
    await expect(hostPath('none', 'File')).rejects.toThrow(/is not a file$/);
    await hostPath('made/deep', 'DirectoryOrCreate');
    expect(statSync(join(folder, 'made/deep')).isDirectory()).toBe(true);
    await expect(hostPath('plain', 'Socket')).rejects.toThrow(/is not a socket file$/);
  });

  test('an emptyDir keeps its content when it is set up again', async () => {
    const { path } = await setUp({ name: 'v', emptyDir: {} });
    writeFileSync(join(path, 'f'), 'x');
    await setUp({ name: 'v', emptyDir: {} });
    expect(readFileSync(join(path, 'f'), 'utf8')).toBe('x');
    expect(statSync(path).mode & 0o777).toBe(0o777);
  });
});

describe.skipIf(!isRoot)('a subPath', () => {
  const mounts: string[] = [];
  afterEach(async () => {
    for (const mount of mounts.splice(0)) await runCommand('umount', ['-l', mount]);
  });
  const bind = async (subPath: string, name = 'target') => {
    mkdirSync(join(folder, 'volume'), { recursive: true });
    const target = join(folder, 'mounts', name);
    mounts.push(target);
    return bindSubPath(join(folder, 'volume'), subPath, target);
  };

  test('is made when it is missing and shows what lies there', async () => {
    const target = await bind('a/b');
    writeFileSync(join(folder, 'volume/a/b/f'), 'x');
    expect(readFileSync(join(target, 'f'), 'utf8')).toBe('x');
  });

  test('may be a file, reached through the links of a ConfigMap volume', async () => {
    await writeAtomically(join(folder, 'volume'), new Map([['key', file('value')]]), { now: 0 });
    expect(readFileSync(await bind('key'), 'utf8')).toBe('value');
  });

  test('never leads out of its volume', async () => {
    mkdirSync(join(folder, 'volume'));
    mkdirSync(join(folder, 'secret'));
    symlinkSync(join(folder, 'secret'), join(folder, 'volume/link'));
    symlinkSync('../secret', join(folder, 'volume/relative'));
    for (const path of ['link', 'relative', 'link/new', '../secret', '/etc'])
      await expect(bind(path)).rejects.toThrow(VolumeError);
  });
});
