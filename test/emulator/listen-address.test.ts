import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { listenAddress, reachableAddress } from '../../src/emulator/listen-address.ts';

const loopback = ['localhost', '127.0.0.1', '::1'];
const own = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find((one) => !one.internal && one.family === 'IPv4')?.address;

describe('the address of a local cluster', () => {
  it('is the loopback unless asked', () => {
    expect(listenAddress('127.0.0.1')).toEqual({ listen: '127.0.0.1', reach: '127.0.0.1', hosts: loopback });
    expect(listenAddress('localhost')).toEqual(listenAddress('127.0.0.1'));
    expect(listenAddress('127.0.0.7')).toMatchObject({ reach: '127.0.0.7', hosts: [...loopback, '127.0.0.7'] });
    expect(listenAddress('::1')).toEqual({ listen: '[::1]', reach: '[::1]', hosts: loopback });
  });

  it.skipIf(own === undefined)('is covered by the certificate when it is one of this machine', () => {
    expect(listenAddress(own as string)).toEqual({ listen: own, reach: own, hosts: [...loopback, own] });
    expect(listenAddress('0.0.0.0')).toMatchObject({ listen: '0.0.0.0', reach: '127.0.0.1' });
    expect(listenAddress('0.0.0.0').hosts).toContain(own);
    expect(listenAddress('::')).toMatchObject({ listen: '[::]', reach: '[::1]' });
  });

  it('is refused when this machine cannot listen there', () => {
    expect(() => listenAddress('192.0.2.254')).toThrow(/^192\.0\.2\.254 is no address of this machine; it has /);
    expect(() => listenAddress('example.test')).toThrow(/^"example\.test" is no IP address/);
  });

  it('is given to the node only where other nodes reach it', () => {
    expect(['127.0.0.1', '0.0.0.0', 'localhost', '::1', 'fd00::1'].map(reachableAddress)).toEqual(
      Array(5).fill(undefined),
    );
    expect(reachableAddress('10.1.2.3')).toBe('10.1.2.3');
  });
});
