/** The configuration by which the runtime connects pods. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '../errors.ts';

export interface CniOptions {
  bridge: string;
  podCIDR: string;
  mtu: number;
  /** Folder where addresses in use are kept. */
  dataDir: string;
}

/** The chain bridge, host-local, portmap. */
export function cniConfig({ bridge, podCIDR, mtu, dataDir }: CniOptions): unknown {
  return {
    cniVersion: '0.4.0',
    name: 'kedge',
    plugins: [
      {
        type: 'bridge',
        bridge,
        isGateway: true,
        isDefaultGateway: true,
        hairpinMode: true,
        ipMasq: false,
        mtu,
        ipam: { type: 'host-local', ranges: [[{ subnet: podCIDR }]], dataDir },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  };
}

/** Writes the configuration into the runtime's folder; the runtime takes it up by itself. */
export async function writeCniConfig(folder: string, options: CniOptions): Promise<string> {
  const path = join(folder, '10-kedge.conflist');
  await mkdir(folder, { recursive: true });
  await writeFile(`${path}.tmp`, JSON.stringify(cniConfig(options), null, 2));
  await rename(`${path}.tmp`, path);
  return path;
}

/** The first usable address of an IPv4 range and the length of its prefix. Throws AgentError for anything else. */
export function gatewayOf(podCIDR: string): { address: string; prefix: number } {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(podCIDR);
  const octets = (match?.slice(1, 5) ?? []).map(Number);
  const prefix = Number(match?.[5]);
  if (!match || octets.some((octet) => octet > 255) || prefix < 8 || prefix > 30) {
    throw new AgentError('user', `"${podCIDR}" is no IPv4 range that pods can use`);
  }
  const network = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const size = 2 ** (32 - prefix);
  const first = Math.floor(network / size) * size + 1;
  return { address: [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.'), prefix };
}
