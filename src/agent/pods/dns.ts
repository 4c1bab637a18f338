/** The resolv.conf and /etc/hosts of a pod. Upstream: pkg/kubelet/network/dns, kubelet_pods.go. */
import { readFile } from 'node:fs/promises';
import type { Pod } from '../../kinds/index.ts';
import type { NodeFacts } from './context.ts';

export interface DnsConfig {
  servers: string[];
  searches: string[];
  options: string[];
}

const MAX_SERVERS = 3;
const MAX_SEARCHES = 32;

function parseResolvConf(text: string): DnsConfig {
  const config: DnsConfig = { servers: [], searches: [], options: [] };
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'nameserver' && rest[0]) config.servers.push(rest[0]);
    else if (word === 'search') config.searches = rest;
    else if (word === 'options') config.options = rest;
  }
  return config;
}

async function hostConfig(path: string): Promise<DnsConfig> {
  try {
    return parseResolvConf(await readFile(path, 'utf8'));
  } catch {
    return { servers: [], searches: [], options: [] };
  }
}

/** Options by name, the later ones winning. */
function mergeOptions(base: readonly string[], more: readonly { name?: string; value?: string | null }[]): string[] {
  const merged = new Map(base.map((option) => [option.split(':')[0] ?? '', option]));
  for (const { name = '', value } of more) merged.set(name, value ? `${name}:${value}` : name);
  return [...merged.values()];
}

export async function podDns(pod: Pod, node: NodeFacts): Promise<DnsConfig> {
  const spec = pod.spec ?? {};
  const policy = spec.dnsPolicy ?? 'ClusterFirst';
  let config: DnsConfig = { servers: [], searches: [], options: [] };
  const forCluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !spec.hostNetwork);
  if (forCluster && node.clusterDNS.length > 0) {
    const domain = node.clusterDomain;
    const host = await hostConfig(node.resolvConf);
    const cluster = [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain];
    config = {
      servers: [...node.clusterDNS],
      searches: [...new Set([...cluster, ...host.searches.filter((search) => search !== '.')])],
      options: ['ndots:5'],
    };
  } else if (policy !== 'None') {
    config = await hostConfig(node.resolvConf);
  }
  const own = spec.dnsConfig;
  return {
    servers: [...new Set([...config.servers, ...(own?.nameservers ?? [])])].slice(0, MAX_SERVERS),
    searches: [...new Set([...config.searches, ...(own?.searches ?? [])])].slice(0, MAX_SEARCHES),
    options: mergeOptions(config.options, own?.options ?? []),
  };
}

/** The host name inside the pod, and its domain when it has a subdomain. */
export function podHostname(pod: Pod, clusterDomain: string): { hostname: string; domain: string } {
  const spec = pod.spec ?? {};
  if (spec.hostnameOverride) return { hostname: spec.hostnameOverride, domain: '' };
  const hostname = (spec.hostname || pod.metadata.name || '').slice(0, 63).replace(/[-.]+$/, '');
  const domain = spec.subdomain ? `${spec.subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : '';
  return { hostname, domain };
}

const DEFAULT_HOSTS = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
];

/** The text of the pod's /etc/hosts. With the host's network it is the host's file and the aliases. */
export function hostsFile(
  pod: Pod,
  podIPs: readonly string[],
  node: { clusterDomain: string; hostFile: string },
): string {
  const { hostname, domain } = podHostname(pod, node.clusterDomain);
  const names = domain === '' ? hostname : `${hostname}.${domain}\t${hostname}`;
  const lines = pod.spec?.hostNetwork
    ? ['# Kubernetes-managed hosts file (host network).', node.hostFile.trimEnd()]
    : ['# Kubernetes-managed hosts file.', ...DEFAULT_HOSTS, ...podIPs.map((ip) => `${ip}\t${names}`)];
  const aliases = pod.spec?.hostAliases ?? [];
  if (aliases.length > 0) {
    lines.push(
      '',
      '# Entries added by HostAliases.',
      ...aliases.map((a) => `${a.ip}\t${(a.hostnames ?? []).join('\t')}`),
    );
  }
  return `${lines.join('\n')}\n`;
}
