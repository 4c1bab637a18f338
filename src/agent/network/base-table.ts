/** The part of the table that does not depend on services: hooks, masquerading, guards. Upstream: pkg/proxy/nftables. */

export interface TableSettings {
  table: string;
  bridge: string;
  /** Pods of this node. */
  podCIDR: string;
  /** Pods of all nodes: traffic to them keeps its source address. */
  clusterCIDR: string;
  serviceCIDR: string;
}

/** Marks packets whose source the node takes over. */
const MASQUERADE_MARK = '0x4000';

/** Names of the maps and sets that service rules fill. */
export const Maps = {
  services: 'service-ips',
  nodePorts: 'service-nodeports',
  noServices: 'no-endpoint-services',
  noNodePorts: 'no-endpoint-nodeports',
  clusterIPs: 'cluster-ips',
} as const;

/** Replaces the whole table, in one transaction with whatever follows it. */
export function baseTable(settings: TableSettings): string {
  const { table, bridge, podCIDR, clusterCIDR, serviceCIDR } = settings;
  return `table ip ${table}
delete table ip ${table}
table ip ${table} {
  map ${Maps.services} { type ipv4_addr . inet_proto . inet_service : verdict; }
  map ${Maps.nodePorts} { type inet_proto . inet_service : verdict; }
  map ${Maps.noServices} { type ipv4_addr . inet_proto . inet_service : verdict; }
  map ${Maps.noNodePorts} { type inet_proto . inet_service : verdict; }
  set ${Maps.clusterIPs} { type ipv4_addr; }

  chain mark-masquerade {
    meta mark set meta mark or ${MASQUERADE_MARK}
  }
  chain reject-new {
    reject
  }
  chain services {
    ip daddr . meta l4proto . th dport vmap @${Maps.services}
    fib daddr type local meta l4proto . th dport vmap @${Maps.nodePorts}
  }
  chain no-endpoints {
    ip daddr . meta l4proto . th dport vmap @${Maps.noServices}
    fib daddr type local meta l4proto . th dport vmap @${Maps.noNodePorts}
  }
  chain cluster-ip-check {
    ip daddr @${Maps.clusterIPs} reject
    ip daddr ${serviceCIDR} drop
  }
  chain guard-loopback {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
    iifname != "lo" ip saddr 127.0.0.0/8 drop
  }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }
  chain nat-output {
    type nat hook output priority -100; policy accept;
    jump services
  }
  chain filter-input {
    type filter hook input priority -110; policy accept;
    ct state new jump no-endpoints
  }
  chain filter-forward {
    type filter hook forward priority -110; policy accept;
    ct state new jump no-endpoints
    ct state new jump cluster-ip-check
  }
  chain filter-output {
    type filter hook output priority -110; policy accept;
    ct state new jump no-endpoints
  }
  chain filter-output-late {
    type filter hook output priority -90; policy accept;
    ct state new jump cluster-ip-check
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & ${MASQUERADE_MARK} != 0 jump masquerade-marked
    ip saddr 127.0.0.0/8 oifname != "lo" masquerade
    ip saddr ${podCIDR} ip daddr != ${clusterCIDR} oifname != "${bridge}" masquerade
  }
  chain masquerade-marked {
    meta mark set meta mark xor ${MASQUERADE_MARK}
    masquerade fully-random
  }
}
`;
}
