/** The kubelet API: logs, exec, attach, port-forward, statistics, and requests that go on into the node's network. */

export { dialRequests } from './dial.ts';
export { createKubeletHandler, type KubeletHandlerOptions } from './handler.ts';
