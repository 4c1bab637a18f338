import { createHash } from 'node:crypto';
import { type Pack, pack } from 'tar-stream';

export interface ArchiveFile {
  /** Path inside the image, without a leading slash. */
  path: string;
  content?: Uint8Array | string;
  mode?: number;
  /** Makes a symbolic link instead of a file. */
  linkTo?: string;
  directory?: boolean;
}

export interface ImageDescription {
  /** Full reference, e.g. `docker.io/library/busybox:1.36`. */
  reference: string;
  files: readonly ArchiveFile[];
  entrypoint?: readonly string[];
  command?: readonly string[];
  env?: readonly string[];
  user?: string;
  workingDir?: string;
  /** Signal that asks the program to end, e.g. `SIGQUIT`. */
  stopSignal?: string;
  architecture: 'amd64' | 'arm64';
}

interface Blob {
  mediaType: string;
  digest: string;
  size: number;
}

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
/** Fixed, so that the same content gives the same digest. */
const EPOCH = new Date(0);

async function tarOf(files: readonly ArchiveFile[]): Promise<Uint8Array> {
  const archive: Pack = pack();
  const chunks: Uint8Array[] = [];
  archive.on('data', (chunk: unknown) => chunks.push(chunk as Uint8Array));
  const ended = new Promise<void>((resolve, reject) => archive.once('end', resolve).once('error', reject));
  for (const file of files) {
    const header = { name: file.path, mode: file.mode ?? (file.directory ? 0o755 : 0o644), mtime: EPOCH };
    if (file.directory) archive.entry({ ...header, type: 'directory' });
    else if (file.linkTo !== undefined) archive.entry({ ...header, type: 'symlink', linkname: file.linkTo });
    else archive.entry(header, Buffer.from(file.content ?? ''));
  }
  archive.finalize();
  await ended;
  return Buffer.concat(chunks);
}

/** An OCI archive of one image with one layer, ready for `ctr images import`. */
export async function buildImageArchive(image: ImageDescription): Promise<Uint8Array> {
  const layer = await tarOf(image.files);
  const blobs = new Map<string, Uint8Array>();
  const blob = (mediaType: string, bytes: Uint8Array): Blob => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
  const layerBlob = blob('application/vnd.oci.image.layer.v1.tar', layer);
  const config = blob(
    'application/vnd.oci.image.config.v1+json',
    json({
      architecture: image.architecture,
      os: 'linux',
      config: {
        Entrypoint: image.entrypoint,
        Cmd: image.command,
        Env: image.env ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
        User: image.user,
        WorkingDir: image.workingDir,
        StopSignal: image.stopSignal,
      },
      rootfs: { type: 'layers', diff_ids: [layerBlob.digest] },
    }),
  );
  const manifestType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = blob(manifestType, json({ schemaVersion: 2, mediaType: manifestType, config, layers: [layerBlob] }));
  const platform = { architecture: image.architecture, os: 'linux' };
  const annotations = { 'io.containerd.image.name': image.reference };
  return tarOf([
    { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { path: 'index.json', content: json({ schemaVersion: 2, manifests: [{ ...manifest, platform, annotations }] }) },
    ...[...blobs].map(([digest, content]) => ({ path: `blobs/${digest.replace(':', '/')}`, content })),
  ]);
}
