import type { FieldError } from '../machinery/status.ts';
import { invalidError, isIPv4, lenientAddress } from '../machinery/validation/index.ts';

const RESERVED: readonly [RegExp, string][] = [
  [/^(127\.|::1$)/, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [/^(169\.254\.|fe[89ab][0-9a-f]:)/, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  [/^(224\.0\.0\.|ff[0-9a-f]2:)/, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
];

/** An address that traffic may be sent to. Upstream: core/validation ValidateEndpointIP. */
export function validateReachableIP(ip: string, path: string): FieldError[] {
  const plain = lenientAddress(ip);
  if (plain === undefined) return [invalidError(path, ip, 'must be a valid IP address')];
  const isUnspecified = plain === '0.0.0.0' || plain === '::';
  const unspecified = isUnspecified ? [invalidError(path, ip, `may not be unspecified (${ip})`)] : [];
  const reserved = RESERVED.filter(([pattern]) => pattern.test(plain)).map(([, text]) => invalidError(path, ip, text));
  return [...unspecified, ...reserved];
}

/** Whether an IPv4 address fails only for zeros before its numbers. */
export const hasLeadingZeros = (ip: string): boolean =>
  /^\d+(\.\d+){3}$/.test(ip) && !isIPv4(ip) && isIPv4(ip.replace(/\b0+(?=\d)/g, ''));
