import { quote } from '../../quote.ts';
import type { CelType } from '../contract.ts';
import type { Library } from '../declaration.ts';
import { CelFault, CelHostValue, intOf } from '../values.ts';
import { semverType } from './host-types.ts';

type Identifier = bigint | string;

/** A semantic version. */
export class CelSemver extends CelHostValue {
  readonly type: CelType = semverType;
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly prerelease: readonly Identifier[];

  constructor(numbers: readonly [bigint, bigint, bigint], prerelease: readonly Identifier[]) {
    super();
    this.numbers = numbers;
    this.prerelease = prerelease;
  }

  equals(other: CelHostValue): boolean {
    return other instanceof CelSemver && compareSemver(this, other) === 0;
  }
}

function order(a: Identifier, b: Identifier): number {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === 'bigint' ? -1 : 1;
}

/** By precedence; build metadata does not count. */
function compareSemver(a: CelSemver, b: CelSemver): number {
  for (const index of [0, 1, 2] as const) {
    const difference = order(a.numbers[index], b.numbers[index]);
    if (difference !== 0) return difference;
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0)
    return Math.sign(b.prerelease.length - a.prerelease.length);
  for (const [index, identifier] of a.prerelease.entries()) {
    const other = b.prerelease[index];
    if (other === undefined) return 1;
    const difference = order(identifier, other);
    if (difference !== 0) return difference;
  }
  return a.prerelease.length < b.prerelease.length ? -1 : 0;
}

const uint64Max = 2n ** 64n - 1n;

function component(text: string, name: string): bigint {
  if (text === '') throw new CelFault('strconv.ParseUint: parsing "": invalid syntax');
  if (!/^\d+$/.test(text)) throw new CelFault(`Invalid character(s) found in ${name} number ${quote(text)}`);
  if (text.length > 1 && text.startsWith('0'))
    throw new CelFault(
      `${name[0]?.toUpperCase()}${name.slice(1)} number must not contain leading zeroes ${quote(text)}`,
    );
  const value = BigInt(text);
  if (value > uint64Max) throw new CelFault(`strconv.ParseUint: parsing ${quote(text)}: value out of range`);
  return value;
}

function identifierOf(text: string): Identifier {
  if (text === '') throw new CelFault('Prerelease is empty');
  if (/^\d+$/.test(text)) {
    if (text.length > 1 && text.startsWith('0'))
      throw new CelFault(`Numeric PreRelease version must not contain leading zeroes ${quote(text)}`);
    return BigInt(text);
  }
  if (!/^[0-9A-Za-z-]+$/.test(text)) throw new CelFault(`Invalid character(s) found in prerelease ${quote(text)}`);
  return text;
}

/** Upstream: github.com/blang/semver/v4 Parse */
function parseSemver(text: string): CelSemver {
  if (text === '') throw new CelFault('Version string empty');
  const first = text.indexOf('.');
  const second = first === -1 ? -1 : text.indexOf('.', first + 1);
  if (second === -1) throw new CelFault('No Major.Minor.Patch elements found');
  const major = component(text.slice(0, first), 'major');
  const minor = component(text.slice(first + 1, second), 'minor');
  const [head, build] = cut(text.slice(second + 1), '+');
  const [patch, prerelease] = cut(head, '-');
  const numbers = [major, minor, component(patch, 'patch')] as const;
  const identifiers = prerelease === undefined ? [] : prerelease.split('.').map(identifierOf);
  for (const part of build?.split('.') ?? []) {
    if (part === '') throw new CelFault('Build meta data is empty');
    if (!/^[0-9A-Za-z-]+$/.test(part))
      throw new CelFault(`Invalid character(s) found in build meta data ${quote(part)}`);
  }
  return new CelSemver(numbers, identifiers);
}

function cut(text: string, at: string): readonly [string, string | undefined] {
  const index = text.indexOf(at);
  return index === -1 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

/** Completes what people write for versions: a leading `v`, fewer numbers, leading zeros. */
function normalized(text: string): string {
  const bare = text.startsWith('v') ? text.slice(1) : text;
  const all = bare.split('.');
  const parts = (all.length > 3 ? [all[0], all[1], all.slice(2).join('.')] : all).map((part) =>
    withoutZeros(part as string),
  );
  if (parts.length < 3 && /[+-]/.test(parts.at(-1) as string)) {
    throw new CelFault('short version cannot contain PreRelease/Build meta data');
  }
  while (parts.length < 3) parts.push('0');
  return parts.join('.');
}

function withoutZeros(part: string): string {
  if (part.length < 2) return part;
  const rest = part.replace(/^0+/, '');
  return /^\d/.test(rest) ? rest : `0${rest}`;
}

function isSemver(text: string, normalize = false): boolean {
  try {
    parseSemver(normalize ? normalized(text) : text);
    return true;
  } catch {
    return false;
  }
}

const numberAt = (index: 0 | 1 | 2) => (version: CelSemver) => intOf(BigInt.asIntN(64, version.numbers[index]));

/** Upstream: pkg/cel/library/semverlib.go, version 1 */
export function semverLibrary(): Library {
  return {
    semver: {
      'string_to_semver(string) -> Semver': parseSemver,
      'string_bool_to_semver(string, bool) -> Semver': (text: string, normalize: boolean) =>
        parseSemver(normalize ? normalized(text) : text),
    },
    isSemver: {
      'is_semver_string(string) -> bool': (text: string) => isSemver(text),
      'is_semver_string_bool(string, bool) -> bool': isSemver,
    },
    isGreaterThan: {
      'semver_is_greater_than: Semver.(Semver) -> bool': (a: CelSemver, b: CelSemver) => compareSemver(a, b) > 0,
    },
    isLessThan: {
      'semver_is_less_than: Semver.(Semver) -> bool': (a: CelSemver, b: CelSemver) => compareSemver(a, b) < 0,
    },
    compareTo: { 'semver_compare_to: Semver.(Semver) -> int': compareSemver },
    major: { 'semver_major: Semver.() -> int': numberAt(0) },
    minor: { 'semver_minor: Semver.() -> int': numberAt(1) },
    patch: { 'semver_patch: Semver.() -> int': numberAt(2) },
  };
}
