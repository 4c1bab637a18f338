/**
 * Turns the type facts of a Kubernetes release into source under `src/kinds/generated`, and writes the skeleton of a
 * kind's definition where there is none.
 *
 *     node scripts/import-kubernetes.ts DIRECTORY_OF_THE_FACTS
 *
 * Following the next release is a run of this script and a review of its diff. The `schema` files hold one string
 * literal per group-version: they cost nothing until a schema is asked for (see src/kinds/schema.ts for the format).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TypeFile } from './import-kubernetes/facts.ts';
import { factsSource, type KindFacts } from './import-kubernetes/kinds.ts';
import { schemaSource, schemasIndexSource } from './import-kubernetes/schemas.ts';
import { skeletonPath, skeletonSource } from './import-kubernetes/skeletons.ts';
import { typesIndexSource, typesSource } from './import-kubernetes/typescript.ts';

/** The generated sources by path below `src/kinds/generated`. Pure given the files of `input`. */
export function generate(input: string): Map<string, string> {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(input, file), 'utf8'));
  const files = readdirSync(join(input, 'types'))
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => read(`types/${name}`) as TypeFile);
  const kinds = read('kinds.json') as { groups: unknown; kinds: Record<string, KindFacts> };
  const columns = read('columns.json') as Record<string, { columns: unknown[] }>;
  const out = new Map<string, string>();
  for (const file of files) {
    if (file.group === 'special') continue;
    const name = `${file.group.replace(/\..*/, '')}-${file.version}`;
    out.set(`schemas/${name}.ts`, schemaSource(file));
    out.set(`types/${name}.ts`, typesSource(file, files));
  }
  out.set('schemas/index.ts', schemasIndexSource(files));
  out.set('types/index.ts', typesIndexSource(files));
  out.set('facts.ts', factsSource(kinds.groups, kinds.kinds, columns));
  return out;
}

function main(): void {
  const input = process.argv[2];
  if (input === undefined) {
    console.error('usage: node scripts/import-kubernetes.ts DIRECTORY_OF_THE_FACTS');
    process.exit(2);
  }
  const kindsFolder = resolve(dirname(fileURLToPath(import.meta.url)), '../src/kinds');
  const generated = join(kindsFolder, 'generated');
  rmSync(generated, { recursive: true, force: true });
  for (const [path, text] of generate(input)) write(join(generated, path), text);

  const { kinds } = JSON.parse(readFileSync(join(input, 'kinds.json'), 'utf8')) as { kinds: Record<string, KindFacts> };
  for (const [id, facts] of Object.entries(kinds)) {
    const path = join(kindsFolder, skeletonPath(facts));
    if (existsSync(path) || existsSync(path.replace(/\.ts$/, ''))) continue;
    write(path, skeletonSource(id, facts));
    console.log(`new kind: ${path}; add it to the list of its group`);
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) main();
