/** The connection to the control plane. */
export { runTunnel, type TunnelOptions, tunnelUrl } from './tunnel.ts';
