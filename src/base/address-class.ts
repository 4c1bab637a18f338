/** What kind of network an IP address belongs to, so that calls to places users name can be kept to the public internet. */

/** `special` are addresses nobody may be called at: unspecified, multicast, documentation, reserved, link-local. */
export type AddressClass = 'public' | 'loopback' | 'private' | 'special';

type Range = readonly [address: number, bits: number, is: AddressClass];

const v4 = (a: number, b = 0, c = 0, d = 0): number => ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;

/** Upstream: the IANA registries of special-purpose addresses. */
const RANGES: readonly Range[] = [
  [v4(0), 8, 'special'],
  [v4(10), 8, 'private'],
  [v4(100, 64), 10, 'private'],
  [v4(127), 8, 'loopback'],
  [v4(169, 254), 16, 'special'],
  [v4(172, 16), 12, 'private'],
  [v4(192, 0, 0), 24, 'special'],
  [v4(192, 0, 2), 24, 'special'],
  [v4(192, 88, 99), 24, 'special'],
  [v4(192, 168), 16, 'private'],
  [v4(198, 18), 15, 'private'],
  [v4(198, 51, 100), 24, 'special'],
  [v4(203, 0, 113), 24, 'special'],
  [v4(224), 4, 'special'],
  [v4(240), 4, 'special'],
];

/** The class of an IP address; undefined for what is none (a host name). Brackets around IPv6 are allowed. */
export function addressClass(text: string): AddressClass | undefined {
  const [bare = ''] = text.replace(/^\[|\]$/g, '').split('%', 1);
  const four = parseFour(bare);
  if (four !== undefined) return classOfFour(four);
  const six = bare.includes(':') ? parseSix(bare) : undefined;
  return six && classOfSix(six);
}

function classOfFour(address: number): AddressClass {
  const found = RANGES.find(([start, bits]) => address >>> (32 - bits) === start >>> (32 - bits));
  return found?.[2] ?? 'public';
}

function parseFour(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  return parts?.every((part) => part < 256) ? v4(parts[0]!, parts[1], parts[2], parts[3]) : undefined;
}

/** Eight groups of 16 bits. */
function parseSix(text: string): number[] | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const four = dotted ? parseFour(dotted[2]!) : undefined;
  if (dotted && four === undefined) return undefined;
  const hex = dotted ? `${dotted[1]}${(four! >>> 16).toString(16)}:${(four! & 0xffff).toString(16)}` : text;
  const halves = hex.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<string>(missing).fill('0'), ...(tail ?? [])];
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined;
}

function classOfSix(groups: readonly number[]): AddressClass {
  const [first = 0, second = 0] = groups;
  const last = ((groups[6]! << 16) | groups[7]!) >>> 0;
  const zeros = (count: number): boolean => groups.slice(0, count).every((group) => group === 0);
  if (zeros(7)) return groups[7] === 1 ? 'loopback' : 'special';
  // Addresses of IPv4 in the clothes of IPv6 lead to where those lead: mapped, compatible, NAT64 and 6to4.
  if ((zeros(5) && groups[5] === 0xffff) || zeros(6)) return classOfFour(last);
  if (first === 0x64 && second === 0xff9b) return classOfFour(last);
  if (first === 0x2002) return classOfFour(((second << 16) | groups[2]!) >>> 0);
  if ((first & 0xfe00) === 0xfc00) return 'private';
  // Everything outside 2000::/3 is reserved, link-local or multicast.
  if ((first & 0xe000) !== 0x2000) return 'special';
  return first === 0x2001 && (second === 0xdb8 || second === 0) ? 'special' : 'public';
}
