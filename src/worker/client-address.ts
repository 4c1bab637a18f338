/** Address of the client of a request: Cloudflare's header where it is deployed, the peer of the socket under workerd. */
export function clientAddress(request: Request): string {
  const header = request.headers.get('cf-connecting-ip');
  const peer = (request.cf as { clientIp?: string } | undefined)?.clientIp;
  // workerd writes 127.0.0.1:PORT or [::1]:PORT.
  const address = peer === undefined ? undefined : (/^\[?(.*?)\]?:\d+$/.exec(peer)?.[1] ?? peer);
  return address ?? header ?? '';
}
