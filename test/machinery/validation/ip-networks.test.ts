import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalIP, cidr, ipAddress, isStrictSubset, parseNetwork } from '../../../src/machinery/validation/index.ts';

const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((group) => group.toString(16).padStart(4, '0')).join(':'));

describe('addresses', () => {
  it('have one text, which is shorter and means the same', () => {
    fc.assert(
      fc.property(ipv6, (text) => {
        const canonical = canonicalIP(text);
        expect(canonicalIP(canonical)).toBe(canonical);
        expect(parseNetwork(`${canonical}/128`)?.value).toBe(parseNetwork(`${text}/128`)?.value);
        expect(canonical.length).toBeLessThanOrEqual(text.length);
      }),
    );
    expect(canonicalIP('2001:DB8:0:0:1:0:0:0/64')).toBe('2001:db8:0:0:1::/64');
    expect(canonicalIP('0:0:0:0:0:0:0:1')).toBe('::1');
    expect(canonicalIP('1:0:2:3:4:5:6:7')).toBe('1:0:2:3:4:5:6:7');
  });

  it('are refused in the clothes of the other family and with zeros before numbers', () => {
    expect(ipAddress('::ffff:1.2.3.4')).toEqual(['must not be an IPv4-mapped IPv6 address']);
    expect(ipAddress('192.0.2.01')).toEqual(['must not have leading 0s']);
    expect(cidr('192.0.2.0/024')).toEqual(['must not have leading 0s in IP or prefix length']);
    expect(cidr('2001:db8::1/64')).toEqual(['must not have bits set beyond the prefix length']);
    expect(cidr('10.0.0.0/0')).toHaveLength(1);
    expect(cidr('0.0.0.0/0')).toEqual([]);
  });
});

describe('networks', () => {
  it('lie in larger ones of their family only', () => {
    const lies = (inner: string, outer: string) => isStrictSubset(parseNetwork(inner)!, parseNetwork(outer)!);
    expect(lies('10.1.0.0/16', '10.0.0.0/8')).toBe(true);
    expect(lies('10.0.0.0/8', '10.0.0.0/8')).toBe(false);
    expect(lies('11.0.0.0/16', '10.0.0.0/8')).toBe(false);
    expect(lies('2001:db8:1::/48', '2001:db8::/32')).toBe(true);
    expect(lies('2001:db8:1::/48', '0.0.0.0/0')).toBe(false);
  });
});
