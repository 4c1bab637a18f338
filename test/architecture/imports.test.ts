import { describe, expect, it } from 'vitest';
import { layerOf, sourceFiles, targetOf } from './source-tree.ts';

/** Who may import whom: the matrix of the design, with decision 2 (the command starts emulator and agent). */
const MATRIX: Readonly<Record<string, readonly string[]>> = {
  base: [],
  machinery: ['base'],
  kinds: ['machinery', 'base'],
  storage: ['machinery', 'base'],
  client: ['kinds', 'machinery', 'base'],
  server: ['kinds', 'machinery', 'base'],
  edge: ['kinds', 'machinery', 'base'],
  controllers: ['client', 'kinds', 'machinery', 'base'],
  scheduler: ['client', 'kinds', 'machinery', 'base'],
  agent: ['client', 'kinds', 'machinery', 'base'],
  cli: ['emulator', 'agent', 'client', 'kinds', 'machinery', 'base'],
  worker: ['server', 'edge', 'storage', 'controllers', 'scheduler', 'client', 'kinds', 'machinery', 'base'],
  emulator: ['agent', 'client', 'kinds', 'machinery', 'base'],
};

/** Single files of layers that are otherwise out of reach. */
const CONTRACTS: Readonly<Record<string, readonly string[]>> = {
  server: ['src/storage/contract.ts'],
  edge: ['src/storage/contract.ts', 'src/server/contract.ts'],
};

/** Files of another layer that are its public face besides `index.ts`. */
const FACES = [/\/contract\.ts$/, /^src\/base\//, /^src\/machinery\//, /^src\/client\/client\.ts$/, /\/index\.ts$/];

const files = sourceFiles('src');

describe('imports', () => {
  it('follow the matrix of the design', () => {
    const broken: string[] = [];
    for (const file of files) {
      const layer = layerOf(file.path);
      if (layer === undefined) continue;
      for (const specifier of file.imports) {
        const target = targetOf(file, specifier);
        const other = target && layerOf(target);
        if (!target || !other || other === layer) continue;
        const contract = CONTRACTS[layer]?.includes(target);
        if (!MATRIX[layer]?.includes(other) && !contract) broken.push(`${file.path} imports ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('reach into another layer through its public face only', () => {
    const broken: string[] = [];
    for (const file of files) {
      const layer = layerOf(file.path);
      for (const specifier of file.imports) {
        const target = targetOf(file, specifier);
        const other = target && layerOf(target);
        if (!target || !other || other === layer || layer === 'worker') continue;
        if (!FACES.some((face) => face.test(target))) broken.push(`${file.path} imports ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('keep platform modules where the platform is', () => {
    const node = new Set(['agent', 'cli', 'emulator']);
    const broken = files.flatMap((file) =>
      file.imports
        .filter((specifier) => {
          const layer = layerOf(file.path) ?? '';
          return (
            (specifier.startsWith('node:') && !node.has(layer)) ||
            (specifier.startsWith('cloudflare:') && layer !== 'worker')
          );
        })
        .map((specifier) => `${file.path} imports ${specifier}`),
    );
    expect(broken).toEqual([]);
  });

  it('form no cycle, types included', () => {
    const graph = new Map(
      files.map((file) => [
        file.path,
        file.imports.map((specifier) => targetOf(file, specifier)).filter((path) => path !== undefined),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: string[]) => {
      const seen = trail.indexOf(path);
      if (seen >= 0) {
        cycles.push([...trail.slice(seen), path].join(' → '));
        return;
      }
      if (done.has(path)) return;
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });
});
