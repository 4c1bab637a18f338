import { describe, expect, it } from 'vitest';
import { addressClass } from '../../src/base/address-class.ts';

describe('the class of an address', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['169.254.169.254', 'special'],
    ['0.0.0.0', 'special'],
    ['224.0.0.1', 'special'],
    ['255.255.255.255', 'special'],
    ['::1', 'loopback'],
    ['[::1]', 'loopback'],
    ['::', 'special'],
    ['fe80::1', 'special'],
    ['fe80::1%eth0', 'special'],
    ['fc00::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['ff02::1', 'special'],
    ['2606:4700:4700::1111', 'public'],
    ['2001:db8::1', 'special'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['::ffff:10.0.0.1', 'private'],
    ['64:ff9b::a9fe:a9fe', 'special'],
    ['2002:7f00:1::', 'loopback'],
  ])('of %s is %s', (address, is) => {
    expect(addressClass(address)).toBe(is);
  });

  it.each(['example.com', 'localhost', '1.2.3', '1.2.3.256', '1::2::3', '1:2:3:4:5:6:7:8:9', 'g::1', ''])(
    'is none for %j',
    (text) => {
      expect(addressClass(text)).toBeUndefined();
    },
  );
});
