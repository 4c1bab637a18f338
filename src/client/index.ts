export type {
  Client,
  DeleteOptions,
  ListOptions,
  NamespacedName,
  PatchType,
  Transport,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts';
export { type ClientOptions, createClient } from './create-client.ts';
export { type InformerOptions, informerKey, runInformer } from './informer.ts';
export { readWatch } from './watch.ts';
