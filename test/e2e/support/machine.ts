import { existsSync } from 'node:fs';

/** Whether real containers can run here: Linux, root, containerd and runc installed. */
export function canRunContainers(): boolean {
  return (
    process.platform === 'linux' &&
    process.getuid?.() === 0 &&
    ['/usr/bin/containerd', '/usr/sbin/runc'].every((file) => existsSync(file))
  );
}
