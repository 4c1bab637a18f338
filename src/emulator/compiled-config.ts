/**
 * The configuration of the local runtime as workerd reads it fastest. It takes the text form apart in memory, with the
 * bundle in it: 20 ms of a start and 6 MB that the allocator never gives back. The binary form is read as it is.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Words that make `program` serve the configuration in `textFile`. The binary form beside it is made when one of the
 * files it is made from has changed; where that fails, the text is served, and workerd says what is wrong with it.
 */
export function serveWords(program: string, textFile: string): string[] {
  const text = readFileSync(textFile, 'utf8');
  const binaryFile = `${textFile}.bin`;
  const madeFromFile = `${textFile}.bin.key`;
  const madeFrom = digestOf([program, ...embeddedFiles(text, dirname(textFile))], text);
  if (!existsSync(binaryFile) || !existsSync(madeFromFile) || readFileSync(madeFromFile, 'utf8') !== madeFrom) {
    const made = spawnSync(program, ['compile', '--config-only', textFile], { maxBuffer: MAX_BYTES });
    if (made.status !== 0 || made.stdout.length === 0) return ['serve', textFile];
    writeFileSync(`${binaryFile}.new`, made.stdout, { mode: 0o600 });
    renameSync(`${binaryFile}.new`, binaryFile);
    writeFileSync(madeFromFile, madeFrom, { mode: 0o600 });
  }
  return ['serve', '--binary', binaryFile];
}

function embeddedFiles(text: string, folder: string): string[] {
  return [...text.matchAll(/\bembed ("(?:[^"\\]|\\.)*")/g)].map(([, name]) =>
    join(folder, JSON.parse(name!) as string),
  );
}

/** Changes with the text and with name, size or time of one of the files. */
function digestOf(files: readonly string[], text: string): string {
  const hash = createHash('sha256').update(text);
  for (const file of files) {
    const facts = statSync(file, { throwIfNoEntry: false });
    hash.update(`\n${file}:${facts?.size}:${facts?.mtimeMs}`);
  }
  return hash.digest('hex');
}
