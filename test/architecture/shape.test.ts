import { describe, expect, it } from 'vitest';
import { allKinds } from '../../src/kinds/index.ts';
import { isGenerated, layerOf, sourceFiles } from './source-tree.ts';

const files = sourceFiles('src').filter((file) => !isGenerated(file.path));
const lines = (text: string) => text.split('\n').length - 1;
const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1).replace(/\.tsx?$/, '');

const FORBIDDEN_NAMES = new Set([
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'misc',
  'shared',
  'types',
  'manager',
  'impl',
]);

/** Branches on a kind's name; generic code asks the Kind for a property instead. Subjects of RBAC name users, not kinds. */
const KIND_NAMES = [...new Set(allKinds.map((kind) => kind.kind))].join('|');
const KIND_BRANCH = new RegExp(
  `(?<!subject|\\bref)\\.kind\\s*(?:===|!==)\\s*['"](?:${KIND_NAMES})['"]|case\\s+['"](?:Pod|Service|Deployment|Node|Namespace)['"]\\s*:`,
);
const MAY_BRANCH = new Set(['kinds', 'controllers', 'scheduler', 'agent', 'cli', 'emulator']);

describe('the shape of the source', () => {
  it('keeps every file at 400 lines or fewer', () => {
    expect(files.filter((file) => lines(file.text) > 400).map((file) => `${file.path}: ${lines(file.text)}`)).toEqual(
      [],
    );
  });

  it('keeps every Durable Object class at 150 lines or fewer', () => {
    const long = files.filter((file) => /^src\/worker\/.*-object\.ts$/.test(file.path) && lines(file.text) > 150);
    expect(long.map((file) => `${file.path}: ${lines(file.text)}`)).toEqual([]);
  });

  it('names files after their one idea, in kebab-case', () => {
    const names = files.filter(
      (file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.d)?$/.test(nameOf(file.path)) || FORBIDDEN_NAMES.has(nameOf(file.path)),
    );
    expect(names.map((file) => file.path)).toEqual([]);
  });

  it('has no default exports, enums, `export *` or `any`', () => {
    const broken = files.flatMap((file) =>
      [
        /^export default (?!\{)/m,
        /^\s*(export )?(const )?enum /m,
        /^export \* from/m,
        /[:<,(|]\s*any\b(?![\w:?])/m,
        /\bas any\b/,
      ]
        .filter((pattern) =>
          pattern.test(
            file.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').replace(/(['"`])(?:\\.|(?!\1)[^\\\n])*\1/g, "''"),
          ),
        )
        .map((pattern) => `${file.path}: ${pattern}`),
    );
    expect(broken).toEqual([]);
  });

  it('asks a Kind for properties instead of comparing its name', () => {
    const broken = files.filter((file) => !MAY_BRANCH.has(layerOf(file.path) ?? '') && KIND_BRANCH.test(file.text));
    expect(broken.map((file) => file.path)).toEqual([]);
  });

  it('takes time and randomness as dependencies', () => {
    const free = new Set(['base', 'worker', 'cli', 'emulator']);
    const broken = files.filter(
      (file) =>
        !free.has(layerOf(file.path) ?? '') &&
        !/^src\/agent\/main\.ts$/.test(file.path) &&
        /\bDate\.now\(|\bMath\.random\(|\bcrypto\.randomUUID\(/.test(file.text),
    );
    expect(broken.map((file) => file.path)).toEqual([]);
  });
});
