/** IP addresses and networks as numbers. Upstream: apimachinery/pkg/util/validation/ip.go. */
import { isCIDR, isIP, isIPv4, isIPv6 } from './formats.ts';

/** An IP address as a number. */
export interface IPAddress {
  family: 4 | 6;
  value: bigint;
}

export interface Network extends IPAddress {
  bits: number;
}

const LENGTH = { 4: 32, 6: 128 } as const;
const NOT_AN_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const NOT_A_NETWORK = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
/** `::ffff:0:0/96`: IPv4 addresses in the clothes of IPv6. */
const MAPPED = 0xffffn;

/** Undefined for what is no address. */
export function parseAddress(text: string): IPAddress | undefined {
  if (isIPv4(text)) return { family: 4, value: joinParts(text.split('.').map(Number), 8n) };
  return isIPv6(text) ? { family: 6, value: joinParts(groupsOf(text), 16n) } : undefined;
}

/** Undefined for what is no network; host bits are kept. */
export function parseNetwork(text: string): Network | undefined {
  if (!isCIDR(text)) return undefined;
  const [address = '', bits = ''] = text.split('/');
  return { ...parseAddress(address)!, bits: Number(bits) };
}

const joinParts = (parts: readonly number[], width: bigint): bigint =>
  parts.reduce((sum, part) => (sum << width) | BigInt(part), 0n);

function groupsOf(text: string): number[] {
  const dotted = text.slice(text.lastIndexOf(':') + 1);
  let plain = text;
  if (dotted.includes('.')) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
    plain = `${text.slice(0, -dotted.length)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head = '', tail] = plain.split('::');
  const numbers = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  if (tail === undefined) return numbers(head);
  const [first, last] = [numbers(head), numbers(tail)];
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
}

/** The one text of an address. Upstream: netip.Addr String. */
export function formatAddress({ family, value }: IPAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
  if (value >> 32n === MAPPED) return `::ffff:${formatAddress({ family: 4, value: value & 0xffffffffn })}`;
  const groups = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(16 * (7 - index))) & 0xffffn));
  const { start, length } = longestZeros(groups);
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  return length < 2 ? text(groups) : `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** The one text of an address or a network; the text itself when it is neither. */
export function canonicalIP(text: string): string {
  const [address = '', ...bits] = text.split('/');
  const parsed = parseAddress(address);
  return parsed ? [formatAddress(parsed), ...bits].join('/') : text;
}

/**
 * What a client is told of an address or a network that is written in another way than its one. Upstream:
 * GetWarningsForIP, GetWarningsForCIDR.
 */
export function canonicalWarning(text: string, path: string): string[] {
  const unusual = text.includes('/') ? undefined : lenientAddress(text);
  if (unusual !== undefined && ipAddress(text).length > 0)
    return [`${path}: non-standard IP address ${JSON.stringify(text)} is invalid: use ${JSON.stringify(unusual)}`];
  const canonical = canonicalIP(text);
  if (canonical === text || !text.includes(':')) return [];
  const what = text.includes('/') ? 'CIDR value' : 'address';
  return [
    `${path}: IPv6 ${what} ${JSON.stringify(text)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`,
  ];
}

/**
 * The one text of an address, which may have leading zeros or be IPv4 in the clothes of IPv6; undefined for any other
 * text. Upstream: netutils.ParseIPSloppy.
 */
export function lenientAddress(text: string): string | undefined {
  const address = parseAddress(text) ?? parseAddress(withoutZeros(text));
  if (!address) return undefined;
  const isMapped = address.family === 6 && address.value >> 32n === MAPPED;
  return formatAddress(isMapped ? { family: 4, value: address.value & 0xffffffffn } : address);
}

const hostBits = ({ family, bits }: Network): bigint => BigInt(LENGTH[family] - bits);

const hasHostBits = (network: Network): boolean =>
  network.value !== (network.value >> hostBits(network)) << hostBits(network);

/** Whether `inner` lies in `outer` and is smaller. */
export const isStrictSubset = (inner: Network, outer: Network): boolean =>
  inner.family === outer.family &&
  inner.bits > outer.bits &&
  inner.value >> hostBits(outer) === outer.value >> hostBits(outer);

/** `192.168.010.1` and the like: an address but for zeros before its numbers. */
const withoutZeros = (text: string): string => (text.includes('.') ? text.replace(/(^|[.:/])0+(?=\d)/g, '$1') : text);

/** Upstream: IsValidIP. */
export function ipAddress(text: string): string[] {
  if (!isIP(text)) return [isIP(withoutZeros(text)) ? 'must not have leading 0s' : NOT_AN_IP];
  const { family, value } = parseAddress(text)!;
  return family === 6 && value >> 32n === MAPPED ? ['must not be an IPv4-mapped IPv6 address'] : [];
}

/** Upstream: IsValidCIDR. */
export function cidr(text: string): string[] {
  const network = parseNetwork(text);
  if (!network) {
    const lenient = withoutZeros(text).replace(/\/0+(?=\d)/, '/');
    return [isCIDR(lenient) ? 'must not have leading 0s in IP or prefix length' : NOT_A_NETWORK];
  }
  if (network.family === 6 && network.value >> 32n === MAPPED) return ['must not have an IPv4-mapped IPv6 address'];
  return hasHostBits(network) ? ['must not have bits set beyond the prefix length'] : [];
}
