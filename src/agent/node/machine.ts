/** Facts about the machine. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, statfs, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { dirname, join } from 'node:path';
import type { NodeSystemInfo } from '../../kinds/index.ts';
import { architecture } from './containerd.ts';

export const VERSION = 'v1.36.0+kedge-0.1.0';

export interface Machine {
  cpus: number;
  memoryBytes: number;
  diskBytes: number;
  info: NodeSystemInfo;
}

async function text(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim();
}

/** Kept with the node's state where the machine has no id of its own. */
async function machineId(stateDir: string): Promise<string> {
  const known = await text('/etc/machine-id');
  if (known !== '') return known;
  const path = join(stateDir, 'machine-id');
  const own = await text(path);
  if (own !== '') return own;
  const fresh = randomUUID().replaceAll('-', '');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, fresh);
  return fresh;
}

export async function readMachine(stateDir: string, runtimeVersion: string): Promise<Machine> {
  const release = await text('/etc/os-release');
  const id = await machineId(stateDir);
  const disk = await statfs(stateDir);
  return {
    cpus: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    diskBytes: disk.blocks * disk.bsize,
    info: {
      machineID: id,
      systemUUID: (await text('/sys/class/dmi/id/product_uuid')) || id,
      bootID: await text('/proc/sys/kernel/random/boot_id'),
      kernelVersion: os.release(),
      osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release)?.[1] ?? os.type(),
      containerRuntimeVersion: runtimeVersion,
      kubeletVersion: VERSION,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: architecture(),
    },
  };
}

/** The address other machines see: the one of the default route, else the first that is not the loopback. */
export async function defaultAddress(): Promise<string> {
  const routes = (await text('/proc/net/route')).split('\n').map((line) => line.split('\t'));
  const device = routes.find((route) => route[1] === '00000000')?.[0];
  const all = os.networkInterfaces();
  const preferred = device === undefined ? [] : (all[device] ?? []);
  const candidates = [...preferred, ...Object.values(all).flatMap((list) => list ?? [])];
  return candidates.find((address) => address.family === 'IPv4' && !address.internal)?.address ?? '127.0.0.1';
}
