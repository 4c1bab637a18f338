import type { Kind } from '../../../machinery/kind.ts';
import type { AdmissionContext, AdmissionRequest } from '../../contract.ts';
import { equivalentForms, type ResourceForm, resourceForm } from './resource-forms.ts';
import type { RuleTarget } from './rules.ts';

/**
 * Which of the hooks in force may concern a request, as far as its sort tells: its kind, subresource, operation and
 * whether it is made inside a namespace. Worked out once for each sort.
 */
export class CandidateIndex<H, C> {
  readonly #hooks: readonly H[];
  readonly #candidateOf: (hook: H, target: RuleTarget) => C | undefined;
  readonly #known = new WeakMap<Kind, Map<string, readonly C[]>>();

  /** `candidateOf` gives undefined for hooks whose rules can name no request of a sort. */
  constructor(hooks: readonly H[], candidateOf: (hook: H, target: RuleTarget) => C | undefined) {
    this.#hooks = hooks;
    this.#candidateOf = candidateOf;
  }

  /** In the order of the hooks. */
  of(request: AdmissionRequest, context: AdmissionContext): readonly C[] {
    if (this.#hooks.length === 0) return [];
    const { kind, operation, subresource, namespace } = request;
    let bySort = this.#known.get(kind);
    if (!bySort) {
      bySort = new Map();
      this.#known.set(kind, bySort);
    }
    const sort = `${operation} ${subresource} ${namespace === '' ? '' : 'namespaced'}`;
    let known = bySort.get(sort);
    if (!known) {
      const target = targetOf(request, context);
      known = this.#hooks.flatMap((hook) => this.#candidateOf(hook, target) ?? []);
      bySort.set(sort, known);
    }
    return known;
  }
}

function targetOf(
  { kind, operation, subresource, namespace }: AdmissionRequest,
  { kinds }: AdmissionContext,
): RuleTarget {
  let forms: ResourceForm[] | undefined;
  const equivalents = (): ResourceForm[] => {
    forms ??= equivalentForms(kinds, kind, subresource);
    return forms;
  };
  return { operation, subresource, inNamespace: namespace !== '', form: resourceForm(kind, subresource), equivalents };
}
