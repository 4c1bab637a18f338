/** What the agent sets on its host so that pods have a network: forwarding, the bridge, its guards. */
import { readFile, writeFile } from 'node:fs/promises';
import { AgentError } from '../errors.ts';
import { runCommand } from '../node/command.ts';

/** Runs `ip` and answers its output. Throws AgentError with its own words. */
export async function ip(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand('ip', args);
  if (code === 0) return stdout;
  throw new AgentError('system', `ip ${args.join(' ')}: ${stderr.trim() || `exit code ${code}`}`);
}

/** Runs `ip -j`, parsed. */
async function ipJson<T>(...args: string[]): Promise<T[]> {
  const text = await ip('-j', ...args);
  return text.trim() === '' ? [] : (JSON.parse(text) as T[]);
}

/** Sets a sysctl when it has another value. */
async function setSysctl(name: string, value: string): Promise<void> {
  const path = `/proc/sys/${name}`;
  const present = await readFile(path, 'utf8').catch(() => undefined);
  if (present === undefined || present.trim() === value) return;
  await writeFile(path, value);
}

export interface Uplink {
  device: string;
  mtu: number;
}

interface RouteEntry {
  dev?: string;
  gateway?: string;
  dst?: string;
}

/** The interface of the default route; undefined on a host without one. */
export async function defaultUplink(): Promise<Uplink | undefined> {
  const [route] = await ipJson<RouteEntry>('-4', 'route', 'show', 'default');
  if (!route?.dev) return undefined;
  const [link] = await ipJson<{ mtu?: number }>('link', 'show', 'dev', route.dev);
  return { device: route.dev, mtu: link?.mtu ?? 1500 };
}

/** How this host reaches an address: through a router, or on a link of its own. */
export async function routeTo(address: string): Promise<{ device?: string; gateway?: string; local: boolean }> {
  const [route] = await ipJson<RouteEntry & { type?: string }>('-4', 'route', 'get', address);
  const local = route?.type === 'local' || route?.dev === 'lo';
  return { ...(route?.dev ? { device: route.dev } : {}), ...(route?.gateway ? { gateway: route.gateway } : {}), local };
}

export interface BridgeOptions {
  name: string;
  /** Address of the bridge with its prefix length: the pods' gateway. */
  address: string;
  mtu: number;
}

/** Makes the bridge the pods hang on, if it is not there, and lets the host forward. */
export async function ensureBridge({ name, address, mtu }: BridgeOptions): Promise<void> {
  await runCommand('modprobe', ['br_netfilter']);
  const exists = (await runCommand('ip', ['link', 'show', 'dev', name])).code === 0;
  // Left to itself a bridge takes the lowest address of its ports, and every new pod would make the others' ARP entries stale.
  if (!exists) await ip('link', 'add', name, 'address', hardwareAddress(address), 'mtu', String(mtu), 'type', 'bridge');
  await ip('addr', 'replace', address, 'brd', '+', 'dev', name);
  await ip('link', 'set', name, 'up');
  await setSysctl('net/ipv4/ip_forward', '1');
  // Answers between two pods of one bridge must pass the host's translation too.
  await setSysctl('net/bridge/bridge-nf-call-iptables', '1');
  // Lets answers to connections from 127.0.0.1 to a node port in; the table drops everything else for 127.0.0.0/8.
  await setSysctl(`net/ipv4/conf/${name}/route_localnet`, '1');
}

export async function removeBridge(name: string): Promise<void> {
  await runCommand('ip', ['link', 'del', name]);
}

/** A locally administered address that is always the same for one IP. */
function hardwareAddress(address: string): string {
  const bytes = (address.split('/')[0] ?? '').split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `0a:58:${bytes.join(':')}`;
}
