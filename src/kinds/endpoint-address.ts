import type { FieldError } from '../machinery/status.ts';
import { invalidError, isIPv4 } from '../machinery/validation/index.ts';

const RESERVED: readonly [RegExp, string][] = [
  [/^(127\.|::1$)/, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [/^(169\.254\.|fe[89ab][0-9a-f]:)/i, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  [/^(224\.0\.0\.|ff02:)/i, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
];

/** An address that traffic may be sent to. Upstream: core/validation ValidateEndpointIP. */
export function validateReachableIP(ip: string, path: string): FieldError[] {
  const unspecified = /^(0\.0\.0\.0|[0:]+)$/.test(ip) ? [invalidError(path, ip, `may not be unspecified (${ip})`)] : [];
  const reserved = RESERVED.filter(([pattern]) => pattern.test(ip)).map(([, text]) => invalidError(path, ip, text));
  return [...unspecified, ...reserved];
}

/** Whether an IPv4 address fails only for zeros before its numbers. */
export const hasLeadingZeros = (ip: string): boolean =>
  /^\d+(\.\d+){3}$/.test(ip) && !isIPv4(ip) && isIPv4(ip.replace(/\b0+(?=\d)/g, ''));
