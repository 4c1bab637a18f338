/** The kubelet API: logs, exec, attach, port-forward, statistics, and requests that go on into the node's network. */
export { createKubeletHandler, type KubeletHandlerOptions } from './handler.ts';
