/** SelfSubjectRulesReview: what may I do here? Upstream: pkg/registry/authorization/selfsubjectrulesreview. */
import type { NonResourceRule, ResourceRule, SelfSubjectRulesReview } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { badRequest } from '../../machinery/status.ts';
import { nodeOf } from '../authn/index.ts';
import { aggregate, asksWebhooks, rulesFor } from '../authz/index.ts';
import type { ConfigSnapshot, UserInfo } from '../contract.ts';

export function reviewOwnRules(review: KubeObject, user: UserInfo, snapshot: ConfigSnapshot): KubeObject {
  const namespace = (review as unknown as SelfSubjectRulesReview).spec?.namespace;
  if (!namespace) throw badRequest('no namespace on request');
  const { rules, errors } = rulesFor(user, namespace, { snapshot });
  const resourceRules: ResourceRule[] = [];
  const nonResourceRules: NonResourceRule[] = [];
  for (const { verbs = [], apiGroups, resources, resourceNames, nonResourceURLs } of rules) {
    if (resources?.length) {
      resourceRules.push({ verbs, apiGroups, resources, ...(resourceNames?.length ? { resourceNames } : {}) });
    }
    if (nonResourceURLs?.length) nonResourceRules.push({ verbs, nonResourceURLs });
  }
  // Rights of a node depend on its pods, and those that a webhook gives on the webhook: they cannot be listed.
  const silent = [...(nodeOf(user) === undefined ? [] : ['node']), ...(asksWebhooks(snapshot) ? ['webhook'] : [])];
  const evaluation = [...silent.map((which) => `${which} authorizer does not support user rule resolution`), ...errors];
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    metadata: {},
    spec: {},
    status: {
      resourceRules,
      nonResourceRules,
      incomplete: silent.length > 0,
      ...(evaluation.length > 0 ? { evaluationError: aggregate(evaluation) } : {}),
    },
  };
}
