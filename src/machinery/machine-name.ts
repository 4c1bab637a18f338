/** A machine's own name as the name of an object, a DNS subdomain; `node` where nothing of it can stay. */
export const machineName = (hostname: string): string =>
  hostname
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '') || 'node';
