/** Images for tests, built from programs of the machine's Debian packages: no registry is needed. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ArchiveFile, buildImageArchive } from '../../../src/agent/node/image-archive.ts';

const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

const BASE: ArchiveFile[] = [
  { path: 'tmp', directory: true, mode: 0o1777 },
  { path: 'etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' },
  { path: 'etc/group', content: 'root:x:0:\nnogroup:x:65534:\n' },
];

const APPLETS =
  'sh cat ls echo sleep wget nc nslookup env id mkdir rm touch head tail grep tar ps kill date hostname ip ping stat chmod test true false seq md5sum dd wc'.split(
    ' ',
  );

/** busybox with a shell; `reference` is the full name. */
export function busyboxImage(folder: string, reference = 'docker.io/library/busybox:1.36'): Promise<string> {
  const program = readFileSync(existsSync('/bin/busybox') ? '/bin/busybox' : '/usr/bin/busybox');
  return save(folder, 'busybox', {
    reference,
    files: [
      ...BASE,
      { path: 'bin', directory: true },
      { path: 'bin/busybox', content: program, mode: 0o755 },
      ...APPLETS.map((name) => ({ path: `bin/${name}`, linkTo: 'busybox' })),
    ],
    command: ['sh'],
  });
}

/** nginx that answers `text` on `port`. */
export function nginxImage(
  folder: string,
  options: { reference: string; port: number; answer: string },
): Promise<string> {
  const config = `user root; worker_processes 1; daemon off; pid /tmp/nginx.pid; error_log /dev/stderr warn;
events { worker_connections 512; }
http { access_log /dev/stdout; client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
  server { listen ${options.port}; default_type text/plain; location / { return 200 "${options.answer}"; } } }
`;
  const shell = readFileSync(existsSync('/bin/busybox') ? '/bin/busybox' : '/usr/bin/busybox');
  return save(folder, options.reference.replace(/[^a-z0-9.]+/g, '-'), {
    reference: options.reference,
    files: [
      ...BASE,
      ...programWithLibraries('/usr/sbin/nginx'),
      { path: 'etc/nginx/nginx.conf', content: config },
      { path: 'var/log/nginx', directory: true },
      { path: 'var/lib/nginx', directory: true },
      { path: 'usr/share/nginx', directory: true },
      { path: 'bin', directory: true },
      { path: 'bin/busybox', content: shell, mode: 0o755 },
      ...APPLETS.map((name) => ({ path: `bin/${name}`, linkTo: 'busybox' })),
    ],
    entrypoint: ['/usr/sbin/nginx', '-c', '/etc/nginx/nginx.conf'],
    stopSignal: 'SIGQUIT',
  });
}

/** The echo server of upstream's tutorials, as far as they look at it. */
export function echoserverImage(folder: string): Promise<string> {
  return nginxImage(folder, {
    reference: 'k8s.gcr.io/echoserver:1.4',
    port: 8080,
    answer: 'CLIENT VALUES:\\nclient_address=$remote_addr\\ncommand=$request_method\\nreal path=$request_uri\\n',
  });
}

/** One program of this machine as the entrypoint, with the libraries that it loads and nothing else. */
export function programImage(folder: string, options: { reference: string; program: string }): Promise<string> {
  const { reference, program } = options;
  const [file, ...libraries] = programWithLibraries(program) as [ArchiveFile, ...ArchiveFile[]];
  return save(folder, reference.replace(/[^a-z0-9.]+/g, '-'), {
    reference,
    files: [...BASE, { ...file, path: 'program' } as ArchiveFile, ...libraries],
    entrypoint: ['/program'],
  });
}

/** A program and the shared libraries that it loads. */
export function programWithLibraries(program: string): ArchiveFile[] {
  // It fails for a program that is linked statically.
  const listing = spawnSync('ldd', [program], { encoding: 'utf8' }).stdout;
  const libraries = [...listing.matchAll(/(\/\S+\.so\S*)/g)].map((match) => match[1] as string);
  return [program, ...new Set(libraries)].map((path) => ({
    path: path.slice(1),
    content: readFileSync(realpathSync(path)),
    mode: 0o755,
  }));
}

type Description = Omit<Parameters<typeof buildImageArchive>[0], 'architecture'>;

async function save(folder: string, name: string, image: Description): Promise<string> {
  const file = join(folder, `${name}.tar`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await buildImageArchive({ ...image, architecture }));
  return file;
}
