import { quote } from '../../quote.ts';
import { formatAddress, type IPAddress, parseAddress } from '../../validation/ip-networks.ts';
import type { CelType } from '../contract.ts';
import type { Library } from '../declaration.ts';
import { CelFault, CelHostValue } from '../values.ts';
import { addressFault } from './address-fault.ts';
import { cidrType, ipType } from './host-types.ts';

const lengths = { 4: 32, 6: 128 } as const;

class Ip extends CelHostValue {
  readonly type: CelType = ipType;
  readonly address: IPAddress;
  constructor(address: IPAddress) {
    super();
    this.address = address;
  }
  equals(other: CelHostValue): boolean {
    return (
      other instanceof Ip && other.address.family === this.address.family && other.address.value === this.address.value
    );
  }
  override size(): number {
    return lengths[this.address.family] / 8;
  }
  get text(): string {
    return formatAddress(this.address);
  }
}

class Cidr extends CelHostValue {
  readonly type: CelType = cidrType;
  readonly address: IPAddress;
  readonly bits: number;
  constructor(address: IPAddress, bits: number) {
    super();
    this.address = address;
    this.bits = bits;
  }
  equals(other: CelHostValue): boolean {
    const same = other instanceof Cidr && other.bits === this.bits;
    return same && other.address.family === this.address.family && other.address.value === this.address.value;
  }
  override size(): number {
    return Math.ceil(this.bits / 8);
  }
  /** Whether the first bits of both are the same. */
  covers(address: IPAddress, bits: number): boolean {
    if (address.family !== this.address.family) return false;
    const shift = BigInt(lengths[address.family] - bits);
    return address.value >> shift === this.address.value >> shift;
  }
}

function isMapped({ family, value }: IPAddress): boolean {
  return family === 6 && value >> 32n === 0xffffn;
}

function ipOf(text: string): Ip | string {
  const zone = text.indexOf('%');
  const address = parseAddress(zone === -1 ? text : text.slice(0, zone));
  if (address === undefined || zone === text.length - 1 || (zone !== -1 && address.family === 4)) {
    const why = `ParseAddr(${quote(text)}): ${addressFault(text)}`;
    return `IP Address ${quote(text)} parse error during conversion from string: ${why}`;
  }
  if (zone !== -1) return `IP address ${quote(text)} with zone value is not allowed`;
  if (isMapped(address)) return `IPv4-mapped IPv6 address ${quote(text)} is not allowed`;
  return new Ip(address);
}

function cidrOf(text: string): Cidr | string {
  const refuse = (why: string) =>
    `network address parse error during conversion from string: netip.ParsePrefix(${quote(text)}): ${why}`;
  const slash = text.lastIndexOf('/');
  if (slash === -1) return refuse("no '/'");
  const [before, after] = [text.slice(0, slash), text.slice(slash + 1)];
  const address = before.includes('%') ? undefined : parseAddress(before);
  if (before.includes('%') && parseAddress(before.slice(0, before.indexOf('%'))) !== undefined) {
    return refuse('IPv6 zones cannot be present in a prefix');
  }
  if (address === undefined) return refuse(`ParseAddr(${quote(before)}): ${addressFault(before)}`);
  if (!/^(0|[1-9]\d{0,2})$/.test(after)) return refuse(`bad bits after slash: ${quote(after)}`);
  if (Number(after) > lengths[address.family]) return refuse('prefix length out of range');
  return isMapped(address)
    ? `IPv4-mapped IPv6 address ${quote(text)} is not allowed`
    : new Cidr(address, Number(after));
}

function or<T>(parsed: T | string, context = ''): T {
  if (typeof parsed === 'string') throw new CelFault(context + parsed);
  return parsed;
}

const toIp = (text: string): Ip => or(ipOf(text));
const toCidr = (text: string): Cidr => or(cidrOf(text), 'network address parse error during conversion from string: ');

function masked({ address, bits }: Cidr): Cidr {
  const shift = BigInt(lengths[address.family] - bits);
  return new Cidr({ ...address, value: (address.value >> shift) << shift }, bits);
}

/** The top byte or more of an address, by family. */
function startsWith(
  { family, value }: IPAddress,
  four: readonly [number, number],
  six: readonly [number, number],
): boolean {
  const [prefix, bits] = family === 4 ? four : six;
  return value >> BigInt(lengths[family] - bits) === BigInt(prefix);
}

const isLoopback = ({ address }: Ip): boolean =>
  address.family === 4 ? address.value >> 24n === 127n : address.value === 1n;
const isLinkLocal = ({ address }: Ip): boolean => startsWith(address, [0xa9fe, 16], [0xfe80 >> 6, 10]);

function isGlobal(ip: Ip): boolean {
  const { address } = ip;
  const multicast = startsWith(address, [0xe, 4], [0xff, 8]);
  const broadcast = address.family === 4 && address.value === 0xffffffffn;
  return address.value !== 0n && !broadcast && !isLoopback(ip) && !multicast && !isLinkLocal(ip);
}

/** Upstream loses why a text is no address here. */
function containsText(net: Cidr, text: string): boolean {
  const ip = ipOf(text);
  if (typeof ip === 'string') throw new CelFault('no such overload');
  return net.covers(ip.address, net.bits);
}

function containsCidr(outer: Cidr, inner: Cidr): boolean {
  return outer.bits <= inner.bits && outer.covers(inner.address, outer.bits);
}

/** Upstream: pkg/cel/library/ip.go, cidr.go */
export function networkLibrary(): Library {
  return {
    ip: {
      'string_to_ip(string) -> IP': toIp,
      'cidr_ip: CIDR.() -> IP': ({ address }: Cidr) => new Ip(address),
    },
    family: { 'ip_family: IP.() -> int': ({ address }: Ip) => address.family },
    'ip.isCanonical': { 'ip_is_canonical(string) -> bool': (text: string) => toIp(text).text === text },
    isUnspecified: { 'ip_is_unspecified: IP.() -> bool': ({ address }: Ip) => address.value === 0n },
    isLoopback: { 'ip_is_loopback: IP.() -> bool': isLoopback },
    isLinkLocalMulticast: {
      'ip_is_link_local_multicast: IP.() -> bool': ({ address }: Ip) =>
        address.family === 4 ? address.value >> 8n === 0xe00000n : ((address.value >> 112n) & 0xff0fn) === 0xff02n,
    },
    isLinkLocalUnicast: { 'ip_is_link_local_unicast: IP.() -> bool': isLinkLocal },
    isGlobalUnicast: { 'ip_is_global_unicast: IP.() -> bool': isGlobal },
    isIP: { 'is_ip(string) -> bool': (text: string) => typeof ipOf(text) !== 'string' },
    string: {
      'ip_to_string(IP) -> string': (ip: Ip) => ip.text,
      'cidr_to_string(CIDR) -> string': ({ address, bits }: Cidr) => `${formatAddress(address)}/${bits}`,
    },
    cidr: { 'string_to_cidr(string) -> CIDR': toCidr },
    containsIP: {
      'cidr_contains_ip_string: CIDR.(string) -> bool': containsText,
      'cidr_contains_ip_ip: CIDR.(IP) -> bool': (net: Cidr, ip: Ip) => net.covers(ip.address, net.bits),
    },
    containsCIDR: {
      'cidr_contains_cidr_string: CIDR.(string) -> bool': (outer: Cidr, text: string) =>
        containsCidr(outer, toCidr(text)),
      'cidr_contains_cidr: CIDR.(CIDR) -> bool': containsCidr,
    },
    prefixLength: { 'cidr_prefix_length: CIDR.() -> int': ({ bits }: Cidr) => bits },
    masked: { 'cidr_masked: CIDR.() -> CIDR': masked },
    isCIDR: { 'is_cidr(string) -> bool': (text: string) => typeof cidrOf(text) !== 'string' },
  };
}
