/** What addresses users may make the control plane call. */
import { type AddressClass, addressClass } from '../../base/address-class.ts';
import { OutboundError } from './contract.ts';

/** Classes of addresses that are open besides the public ones. */
export type OpenAddresses = readonly Exclude<AddressClass, 'public' | 'special'>[];

const OPENABLE = new Set<string>(['loopback', 'private']);

/** From a setting such as `loopback,private`. Throws on another word. */
export function parseOpenAddresses(text: string | undefined): OpenAddresses {
  const words = (text ?? '').split(',').map((word) => word.trim());
  const unknown = words.find((word) => word !== '' && !OPENABLE.has(word));
  if (unknown !== undefined) throw new Error(`"${unknown}" is no class of addresses; there are: loopback, private`);
  return words.filter((word) => word !== '') as OpenAddresses;
}

/**
 * The URL, if it may be called: https, without user information, at no address that is closed. A name is judged here by
 * what it says of itself; whoever resolves it judges the address as well. Throws OutboundError.
 */
export function checkedUrl(text: string, open: OpenAddresses): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new OutboundError('refused', `parse ${JSON.stringify(text)}: invalid URL`);
  }
  if (url.protocol !== 'https:')
    throw new OutboundError('refused', `unsupported protocol scheme "${url.protocol.slice(0, -1)}"`);
  if (url.username !== '' || url.password !== '')
    throw new OutboundError('refused', 'user information is not permitted in the URL');
  checkHost(url.hostname, url.port || '443', open);
  return url;
}

/** Throws OutboundError for a host that is a closed address, or a name of this machine. */
export function checkHost(host: string, port: string, open: OpenAddresses): void {
  const name = host.toLowerCase().replace(/\.$/, '');
  const is = name === 'localhost' || name.endsWith('.localhost') ? 'loopback' : addressClass(name);
  if (is === undefined || is === 'public' || (open as readonly string[]).includes(is)) return;
  throw new OutboundError('refused', `dial tcp ${host}:${port}: calls to ${is} addresses are not allowed`);
}
