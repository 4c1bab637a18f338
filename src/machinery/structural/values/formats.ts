/** Formats of strings. Upstream: kube-openapi/validation/strfmt, apiserver/validation/formats.go. */
import { isCIDR, isIPv4, isIPv6 } from '../../validation/index.ts';
import { isEmailAddress } from './email.ts';
import { isRequestURI } from './uri.ts';

type Check = (text: string) => boolean;

const SHORT_NAME = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const UUID_TAIL = '-?[0-9a-f]{12}$';

const RE = {
  hostname:
    /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u,
  uuid: new RegExp(`^[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}${UUID_TAIL}`, 'i'),
  uuid3: new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}${UUID_TAIL}`, 'i'),
  uuid4: new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}${UUID_TAIL}`, 'i'),
  uuid5: new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}${UUID_TAIL}`, 'i'),
  card: /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/,
  isbn10: /^(?:[0-9]{9}X|[0-9]{10})$/,
  isbn13: /^[0-9]{13}$/,
  hexColor: /^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/,
  rgbColor:
    /^rgb\([\t\n\f\r ]*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])[\t\n\f\r ]*,[\t\n\f\r ]*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])[\t\n\f\r ]*,[\t\n\f\r ]*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])[\t\n\f\r ]*\)$/,
  base64: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/,
  ssn: /^\d{3}[- ]?\d{2}[- ]?\d{4}$/,
  date: /^(\d{4})-(\d{2})-(\d{2})$/,
  time: /^([0-9]{2}):([0-9]{2}):([0-9]{2})(?:.[0-9]+)?(?:z|[+-][0-9]{2}:[0-9]{2})$/,
  objectId: /^[0-9a-fA-F]{24}$/,
  shortName: new RegExp(`^${SHORT_NAME}$`),
  longName: new RegExp(`^${SHORT_NAME}(?:\\.${SHORT_NAME})*$`),
};

const bytes = (text: string): number => new TextEncoder().encode(text).length;

/** Bytes. */
const MAX_HOSTNAME = 255;

function isHostname(text: string): boolean {
  if (bytes(text) > MAX_HOSTNAME || !RE.hostname.test(text)) return false;
  return text.split('.').every((part) => bytes(part) <= 63);
}

function isDate(text: string): boolean {
  const match = RE.date.exec(text);
  if (match === null) return false;
  const [year = 0, month = 0, day = 0] = match.slice(1).map(Number);
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= days;
}

function isDateTime(text: string): boolean {
  const [date = '', time] = text.toLowerCase().split('t');
  if (text.length < 4 || time === undefined || !isDate(date)) return false;
  const match = RE.time.exec(time);
  return match !== null && match[1]! <= '23' && match[2]! <= '59' && match[3]! <= '59';
}

/** Zeros before the numbers of an address, which upstream tolerates here. */
const withoutZeros = (text: string): string => text.replace(/(^|[.:])0+(?=\d)/g, (_, before: string) => before);

function sloppyIP(text: string): string {
  if (!text.includes('.')) return text;
  const dotted = text.slice(text.lastIndexOf(':') + 1);
  return `${text.slice(0, text.length - dotted.length)}${withoutZeros(dotted)}`;
}

const isSloppyIPv4: Check = (text) => {
  const plain = sloppyIP(text);
  return text.includes('.') && (isIPv4(plain) || isIPv6(plain));
};

function isSloppyCIDR(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0) return false;
  const bits = text.slice(slash + 1);
  return /^\d{1,6}$/.test(bits) && isCIDR(`${sloppyIP(text.slice(0, slash))}/${Number(bits)}`);
}

/** Upstream: net.ParseMAC, of 6, 8 or 20 bytes. */
function isMAC(text: string): boolean {
  const pairs = /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2})*$/i.test(text) && (text.length + 1) / 3;
  const quads = /^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i.test(text) && ((text.length + 1) / 5) * 2;
  const digits = /^(?:[0-9a-f]{2})+$/i.test(text) && text.length / 2;
  return [6, 8, 20].includes(pairs || quads || digits || 0);
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, '');
  if (!RE.card.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]) * (i % 2 === 1 ? 2 : 1);
    sum += digit >= 10 ? (digit % 10) + 1 : digit;
  }
  return sum % 10 === 0;
}

const withoutDashes = (text: string): string => text.replace(/[\t\n\f\r -]+/g, '');

function isISBN10(text: string): boolean {
  const digits = withoutDashes(text);
  if (!RE.isbn10.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 10; i++) sum += (i + 1) * (digits[i] === 'X' ? 10 : Number(digits[i]));
  return sum % 11 === 0;
}

function isISBN13(text: string): boolean {
  const digits = withoutDashes(text);
  if (!RE.isbn13.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 12; i++) sum += (i % 2 === 0 ? 1 : 3) * Number(digits[i]);
  return Number(digits[12]) === (10 - (sum % 10)) % 10;
}

const GO_DURATION = /^[-+]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
/** Each unit in full, and the beginning that longer words of it have. */
const UNITS: readonly (readonly [exact: readonly string[], prefix: string])[] = [
  [['ns'], 'nano'],
  [['us', 'µs'], 'micro'],
  [['ms'], 'milli'],
  [['s'], 'sec'],
  [['m'], 'min'],
  [['h', 'hr'], 'hour'],
  [['d'], 'day'],
  [['w', 'wk'], 'week'],
];

/** Characters of the longest duration that is read. */
const MAX_DURATION = 1_000;

/** A duration of Go's, or amounts with units in words (`2 days`). */
function isDuration(text: string): boolean {
  if (text.length > MAX_DURATION) return false;
  if (GO_DURATION.test(text) && goNanoseconds(text) < 2 ** 63) return true;
  let known = false;
  for (const [, amount = '', word = ''] of text.matchAll(/(\d+)[\t\n\f\r ]*([A-Za-zµ]+)/g)) {
    if (BigInt(amount) >= 2n ** 63n) return false;
    const unit = word.toLowerCase();
    known ||= UNITS.some(([exact, prefix]) => exact.includes(unit) || unit.startsWith(prefix));
  }
  return known;
}

function goNanoseconds(text: string): number {
  let sum = 0;
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g))
    sum += Number(amount) * NANOSECONDS[unit]!;
  return sum;
}

/** By name without dashes, as upstream looks them up. */
const CHECKS: Readonly<Record<string, Check>> = {
  bsonobjectid: (text) => RE.objectId.test(text),
  uri: isRequestURI,
  email: isEmailAddress,
  hostname: isHostname,
  ipv4: isSloppyIPv4,
  ipv6: (text) => text.includes(':') && isIPv6(text),
  cidr: isSloppyCIDR,
  mac: isMAC,
  uuid: (text) => RE.uuid.test(text),
  uuid3: (text) => RE.uuid3.test(text),
  uuid4: (text) => RE.uuid4.test(text),
  uuid5: (text) => RE.uuid5.test(text),
  isbn: (text) => isISBN10(text) || isISBN13(text),
  isbn10: isISBN10,
  isbn13: isISBN13,
  creditcard: isCreditCard,
  ssn: (text) => text.length === 11 && RE.ssn.test(text),
  hexcolor: (text) => RE.hexColor.test(text),
  rgbcolor: (text) => RE.rgbColor.test(text),
  byte: (text) => RE.base64.test(text),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => text.length <= 63 && RE.shortName.test(text),
  k8slongname: (text) => text.length <= 253 && RE.longName.test(text),
};

/** The check of a format of strings; undefined for one that is not known and so not checked. */
export function formatCheck(format: string): Check | undefined {
  const name = format.replaceAll('-', '');
  return Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined;
}

/** Whether a format means something for a type (`''`: none or several). Upstream: GetUnrecognizedFormats. */
export function isKnownFormat(type: string, format: string): boolean {
  if (type === '' || type === 'string') return formatCheck(format) !== undefined;
  if (type === 'integer') return format === 'int32' || format === 'int64';
  return type === 'number' && (format === 'float' || format === 'double');
}
