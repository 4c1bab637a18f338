/** Address of the client of a request: Cloudflare's header where it is deployed, the peer of the socket under workerd. */
export function clientAddress(request: Request): string {
  const header = request.headers.get('cf-connecting-ip');
  const peer = (request.cf as { clientIp?: string } | undefined)?.clientIp;
  return peer ?? header ?? '';
}
