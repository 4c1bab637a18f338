/** The node agent. */
export { type Agent, type AgentOptions, machineName, startAgent } from './agent.ts';
export { AgentError } from './errors.ts';
export { type Log, type LogLevel, silentLog } from './log.ts';
export {
  type Containerd,
  type ContainerdOptions,
  endContainerd,
  loadImage,
  startContainerd,
} from './node/containerd.ts';
export { type ArchiveFile, buildImageArchive, type ImageDescription } from './node/image-archive.ts';
export { ensurePackages, missingPackages } from './node/packages.ts';
export { createNodeTransport } from './node-transport.ts';
export { runSimulatedNode, type SimulatedNode, type SimulatedNodeOptions } from './simulated.ts';
export { dialRequests } from './streams/index.ts';
