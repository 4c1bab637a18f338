import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';

/** Needs what a real node needs: root, nft and the CNI plugins. */
function canRun(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  if (!existsSync('/usr/lib/cni/bridge') && !existsSync('/opt/cni/bin/bridge')) return false;
  try {
    execFileSync('unshare', ['-nm', 'nft', 'list', 'tables'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!canRun())('the network of a node, in the kernel', () => {
  let seen: Record<string, unknown> = {};
  beforeAll(() => {
    const program = new URL('kernel-scenario.ts', import.meta.url).pathname;
    const out = execFileSync('unshare', ['-nm', process.execPath, program], {
      encoding: 'utf8',
      timeout: 100_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    seen = JSON.parse(out.trim().split('\n').at(-1) as string);
  }, 120_000);

  it('runs to its end', () => expect(seen.error).toBeUndefined());

  it('gives pods addresses of the range and connects them with their own source', () => {
    expect(seen.addresses).toEqual(['10.244.1.2', '10.244.1.3']);
    expect(seen.podToPod).toBe('pod-a ::ffff:10.244.1.3');
  });

  it('reaches a service from pods, from itself through the service, and from the host', () => {
    expect(seen.podToService).toBe('pod-a ::ffff:10.244.1.3');
    expect(seen.hairpin).toMatch(/^pod-a /);
    expect(seen.hostToService).toMatch(/^pod-a /);
  });

  it('reaches a node port from outside, from the host, from 127.0.0.1 and from a pod', () => {
    expect([seen.outsideToNodePort, seen.hostToNodePort, seen.loopbackNodePort, seen.podToNodePort]).toEqual(
      Array(4).fill(expect.stringMatching(/^pod-a /)),
    );
  });

  it('lets pods out with the address of the node', () => expect(seen.podToOutside).toBe('outside ::ffff:192.0.2.2'));

  it('refuses ports that a service has not and services without endpoints', () => {
    expect([seen.otherPort, seen.emptyFromPod, seen.emptyFromHost, seen.emptyNodePort]).toEqual(
      Array(4).fill('exit 7'),
    );
  });

  it('loses no request while endpoints change', () => expect(seen.changing).toEqual({ asked: true, failed: [] }));

  it('spreads over endpoints, and keeps a client on one with affinity', () => {
    expect(seen.spread).toEqual(['pod-a', 'pod-b']);
    expect(seen.sticky).toBe(1);
  });

  it('keeps the source and stays on the node with the policy Local', () => {
    expect(seen.localKeepsSource).toBe('pod-b ::ffff:192.0.2.9');
    expect(seen.elsewhere).toBe('exit 28');
  });

  it('answers DNS at the address of kube-dns', () => {
    expect(seen.dns).toBe('["10.96.1.1"]');
    expect(seen.dnsMissing).toBe('ENOTFOUND');
  });

  it('leaves nothing of a removed service, and nothing at all after a clean stop', () => {
    expect(seen.removed).toBe('exit 28');
    expect(seen.left).toEqual([]);
    expect([seen.tablesAfter, seen.linksAfter]).toEqual(['', '']);
  });

  it('routes to the pods of a node on the same link only', () => {
    expect(seen.routes).toBe('10.244.2.0/24 via 192.0.2.9 dev up0');
  });
});
