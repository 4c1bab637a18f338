/** What the command and the emulator use of the agent inside their own process. */
export { endContainerd, loadImage } from './node/containerd.ts';
export { dialRequests } from './streams/index.ts';
