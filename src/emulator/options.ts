/** What `kedge up` was asked for. */
export interface UpOptions {
  name: string;
  /** Address to listen on; 0.0.0.0 for every one. */
  host: string;
  /** Wanted port; the next free one is taken unless `portIsFixed`. */
  port: number;
  portIsFixed: boolean;
  /** Wanted port of the edge ingress. */
  ingressPort: number;
  /** Folder that holds all local clusters. */
  data: string;
  /** Where the kubeconfig goes; undefined: beside the cluster. */
  kubeconfig?: string;
  /** Add the context to the user's own kubeconfig as well. */
  merge: boolean;
  apiOnly: boolean;
  node: 'real' | 'none';
  simulatedNodes: number;
  /** Seconds of watch history. */
  compactionInterval?: number;
  /** Files of cluster configurations, by name: `audit-policy`, `authentication`, … */
  configurations: Readonly<Record<string, string>>;
  install: boolean;
  /** Print what to type next. */
  hints: boolean;
  /** Folder of the built bundles. */
  dist: string;
}

/** Where progress goes: lines for people, and nothing else. */
export interface Output {
  line(text: string): void;
}
