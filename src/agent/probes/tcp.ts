import { connect } from 'node:net';
import { messageOf } from '../log.ts';
import type { ProbePlugin, ProbeResult } from './contract.ts';
import { networkMessage } from './http-request.ts';
import { resolvePort } from './port.ts';

function dial(host: string, port: number, timeout: number): Promise<ProbeResult> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeout * 1000 });
    const end = (result: ProbeResult): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end({ outcome: 'success', output: '' }));
    socket.once('timeout', () => end({ outcome: 'failure', output: `dial tcp ${address}: i/o timeout` }));
    socket.once('error', (error) => end({ outcome: 'failure', output: networkMessage(error, address) }));
  });
}

export const tcpProbe: ProbePlugin = {
  handles: (probe) => probe.tcpSocket !== undefined,
  async run({ probe, container, podIP, timeout }) {
    try {
      const port = resolvePort(container, probe.tcpSocket?.port ?? 0);
      return await dial(probe.tcpSocket?.host || podIP, port, timeout);
    } catch (error) {
      return { outcome: 'unknown', output: messageOf(error) };
    }
  },
};
