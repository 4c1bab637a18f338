/** What evaluating validating policies gives. Upstream: policy/validating/policy_decision.go. */

export interface PolicyDecision {
  readonly denies: boolean;
  readonly message: string;
  readonly reason?: string;
}

export type AnnotationDecision =
  | { readonly action: 'publish'; readonly key: string; readonly value: string }
  | { readonly action: 'error'; readonly error: string }
  | { readonly action: 'exclude' };

export interface ValidateResult {
  readonly decisions: readonly PolicyDecision[];
  readonly annotations: readonly AnnotationDecision[];
}
