/** Where a local cluster listens, and by which address it is reached. */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { UserError } from './errors.ts';

export interface ListenAddress {
  /** As the listener takes it; IPv6 in brackets. */
  listen: string;
  /** As it stands in URLs: the loopback where it listens everywhere. */
  reach: string;
  /** Names and addresses that the serving certificate covers. */
  hosts: string[];
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** Resolves the address that `kedge up --listen` names. Throws UserError when this machine cannot listen there. */
export function listenAddress(address: string): ListenAddress {
  if (address === 'localhost') return listenAddress('127.0.0.1');
  const family = isIP(address);
  if (family === 0)
    throw new UserError(`"${address}" is no IP address; give one of this machine, or 0.0.0.0 for all`, 2);
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const addresses = own.filter((one) => !one.internal && !one.address.startsWith('fe80')).map((one) => one.address);
  if (address === '0.0.0.0' || address === '::') {
    const reach = family === 4 ? '127.0.0.1' : '[::1]';
    return { listen: bracketed(address), reach, hosts: [...LOOPBACK, ...addresses.sort()] };
  }
  if (isLoopback(address)) return { listen: bracketed(address), reach: bracketed(address), hosts: withExtra(address) };
  if (!addresses.includes(address))
    throw new UserError(`${address} is no address of this machine; it has ${addresses.join(', ') || 'none'}`, 2);
  return { listen: bracketed(address), reach: bracketed(address), hosts: withExtra(address) };
}

/** The address by which other nodes reach this machine, when `--listen` names one. */
export const reachableAddress = (address: string): string | undefined =>
  isIP(address) !== 4 || isLoopback(address) || address === '0.0.0.0' ? undefined : address;

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');
const bracketed = (address: string): string => (isIP(address) === 6 ? `[${address}]` : address);
const withExtra = (address: string): string[] => [...new Set([...LOOPBACK, address])];
