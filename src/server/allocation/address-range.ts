/** Ranges that are handed out at random, with a low part kept for those who ask by number. */
import type { Random } from '../../base/random.ts';

/** Offsets `0 … size-1`. Random picks come from `dynamicFrom` on, and from below only when asked to. */
export interface OffsetRange {
  size: number;
  dynamicFrom: number;
}

/** Upstream: ipallocator calculateRangeOffset: an upper part of at least all but 256. */
export function addressOffsets(size: number): OffsetRange {
  return { size, dynamicFrom: size < 32 ? 0 : Math.min(Math.max(16, Math.floor(size / 16)), 256) };
}

/** Upstream: portallocator calculateRangeOffset. */
export function portOffsets(size: number): OffsetRange {
  return { size, dynamicFrom: size < 32 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128) };
}

/** A random offset. From the fourth try on the whole range counts, for ranges that are nearly full. */
export function pickOffset({ size, dynamicFrom }: OffsetRange, attempt: number, random: Random): number {
  const from = attempt < 4 ? dynamicFrom : 0;
  return from + Math.floor(random.next() * (size - from));
}

/** An IPv4 range without its network and broadcast address. */
export interface Ipv4Range {
  cidr: string;
  /** The first usable address as a number. */
  first: number;
  size: number;
}

export function parseIpv4Range(cidr: string): Ipv4Range {
  const [base = '', bits = '32'] = cidr.split('/');
  const host = 2 ** (32 - Number(bits));
  const network = Math.floor(ipv4Number(base) / host) * host;
  return { cidr, first: network + 1, size: Math.max(host - 2, 0) };
}

/** NaN for text that is no IPv4 address. */
function ipv4Number(ip: string): number {
  const parts = ip.split('.');
  if (parts.length !== 4) return Number.NaN;
  return parts.reduce(
    (sum, part) => (/^\d{1,3}$/.test(part) && Number(part) < 256 ? sum * 256 + Number(part) : Number.NaN),
    0,
  );
}

export const ipv4Text = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
