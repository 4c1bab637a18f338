import { access, constants } from 'node:fs/promises';
import { AgentError } from '../errors.ts';
import type { Log } from '../log.ts';
import { runCommand } from './command.ts';

/** A program the node needs, and the Debian package that brings it. */
const NEEDED: readonly { package: string; files: readonly string[] }[] = [
  { package: 'containerd', files: ['/usr/bin/containerd'] },
  { package: 'runc', files: ['/usr/sbin/runc', '/usr/bin/runc'] },
  { package: 'containernetworking-plugins', files: ['/usr/lib/cni/bridge', '/opt/cni/bin/bridge'] },
  { package: 'nftables', files: ['/usr/sbin/nft'] },
  { package: 'iptables', files: ['/usr/sbin/iptables'] },
  { package: 'iproute2', files: ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'] },
];

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The Debian packages whose programs are missing on this machine. */
async function missingPackages(): Promise<string[]> {
  const found = await Promise.all(
    NEEDED.map(async (need) => ((await Promise.all(need.files.map(isThere))).some(Boolean) ? '' : need.package)),
  );
  return found.filter((name) => name !== '');
}

/**
 * Makes sure that the programs a real node runs are installed; installs Debian packages when root and allowed, and says
 * so. Throws AgentError with what to do otherwise.
 */
export async function ensurePackages(options: { install: boolean; log: Log }): Promise<void> {
  const missing = await missingPackages();
  if (missing.length === 0) return;
  const list = missing.join(' ');
  const advice = `run: apt-get install -y ${list}`;
  if (!options.install)
    throw new AgentError('user', `this node needs packages that are not installed: ${list}; ${advice}`);
  if (process.getuid?.() !== 0) throw new AgentError('user', `installing ${list} needs root; ${advice}`);
  if (!(await isThere('/usr/bin/apt-get'))) throw new AgentError('user', `no apt-get here; install ${list} by hand`);
  options.log('info', `Installing Debian packages: ${list}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const args = ['install', '-y', '--no-install-recommends', ...missing];
  let result = await runCommand('apt-get', args, { env });
  if (result.code !== 0) {
    await runCommand('apt-get', ['update'], { env });
    result = await runCommand('apt-get', args, { env });
  }
  if (result.code !== 0)
    throw new AgentError('system', `apt-get could not install ${list}: ${lastLine(result.stderr)}`);
  options.log('info', `Installed ${list}`);
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
