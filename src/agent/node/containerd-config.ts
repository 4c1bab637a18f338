import { PAUSE_IMAGE } from './pause-image.ts';

export interface ContainerdPaths {
  socket: string;
  root: string;
  state: string;
  cniBin: string;
  cniConf: string;
}

export interface ContainerdSettings {
  paths: ContainerdPaths;
  snapshotter: 'overlayfs' | 'native';
  /** Containers may not get a lower score than containerd has: needed without CAP_SYS_RESOURCE. */
  restrictOomScore: boolean;
  /** Folder with hosts.toml files per registry (mirrors, own CAs). */
  registryConfig?: string;
}

const quote = (text: string): string => JSON.stringify(text);

/** The configuration of the node's private containerd; form 2, which 1.x and 2.x read. */
export function containerdConfig({ paths, ...settings }: ContainerdSettings): string {
  const registry =
    settings.registryConfig === undefined
      ? []
      : ['    [plugins."io.containerd.grpc.v1.cri".registry]', `      config_path = ${quote(settings.registryConfig)}`];
  return [
    'version = 2',
    `root = ${quote(paths.root)}`,
    `state = ${quote(paths.state)}`,
    'disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]',
    '[grpc]',
    `  address = ${quote(paths.socket)}`,
    '[plugins]',
    '  [plugins."io.containerd.grpc.v1.cri"]',
    `    sandbox_image = ${quote(PAUSE_IMAGE)}`,
    `    restrict_oom_score_adj = ${settings.restrictOomScore}`,
    '    stream_server_address = "127.0.0.1"',
    '    stream_server_port = "0"',
    '    max_container_log_line_size = 16384',
    '    netns_mounts_under_state_dir = true',
    '    tolerate_missing_hugetlb_controller = true',
    '    disable_hugetlb_controller = true',
    '    enable_unprivileged_ports = true',
    '    enable_unprivileged_icmp = true',
    '    [plugins."io.containerd.grpc.v1.cri".containerd]',
    `      snapshotter = ${quote(settings.snapshotter)}`,
    '      default_runtime_name = "runc"',
    '      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]',
    '        runtime_type = "io.containerd.runc.v2"',
    '    [plugins."io.containerd.grpc.v1.cri".cni]',
    `      bin_dir = ${quote(paths.cniBin)}`,
    `      conf_dir = ${quote(paths.cniConf)}`,
    ...registry,
    '',
  ].join('\n');
}
