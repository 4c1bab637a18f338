/** What the rules of a pod spec depend on besides the spec. Upstream: core/validation PodValidationOptions. */
export interface PodContext {
  /** A pod, not a template. */
  isPod: boolean;
  /** The name of the pod, which generic ephemeral volumes take theirs from. */
  podName?: string;
  /** A static pod of a node, shown in the API. */
  isMirror?: boolean;
}

export const TEMPLATE: PodContext = { isPod: false };
