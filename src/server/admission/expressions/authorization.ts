/** What expressions ask of the authorizer. Upstream: apiserver/pkg/cel/library/authz.go, admission/plugin/authorizer. */
import type { CelAuthorizationAttributes, CelDecision } from '../../../machinery/cel/index.ts';
import type { AdmissionContext, Attributes, UserInfo } from '../../contract.ts';
import type { Authorize } from './activation.ts';

/** Asks for `user` unless an expression names somebody else. The same question is asked once. */
export function cachingAuthorizer(user: UserInfo, { authorizer }: AdmissionContext): Authorize {
  const known = new Map<string, CelDecision>();
  return async (asked) => {
    const key = JSON.stringify(asked);
    let decision = known.get(key);
    if (!decision) {
      const answer = await authorizer.authorize(attributesOf(asked, user));
      decision = {
        allowed: answer.decision === 'allow',
        reason: answer.reason,
        ...(answer.evaluationError === undefined ? {} : { error: answer.evaluationError }),
      };
      known.set(key, decision);
    }
    return decision;
  };
}

function attributesOf(asked: CelAuthorizationAttributes, user: UserInfo): Attributes {
  const { fieldSelector, labelSelector } = asked;
  return {
    user: userOf(asked) ?? user,
    verb: asked.verb,
    isResource: asked.path === undefined,
    group: asked.group ?? '',
    version: asked.version ?? '*',
    resource: asked.resource ?? '',
    subresource: asked.subresource ?? '',
    namespace: asked.namespace ?? '',
    name: asked.name ?? '',
    path: asked.path ?? '',
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  };
}

function userOf({ serviceAccount, user }: CelAuthorizationAttributes): UserInfo | undefined {
  if (serviceAccount) {
    const { namespace, name } = serviceAccount;
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
    return { name: `system:serviceaccount:${namespace}:${name}`, groups };
  }
  if (!user) return undefined;
  const { name, groups = [], uid, extra } = user;
  return {
    name,
    groups: [...groups],
    ...(uid === undefined ? {} : { uid }),
    ...(extra === undefined
      ? {}
      : { extra: Object.fromEntries(Object.entries(extra).map(([key, list]) => [key, [...list]])) }),
  };
}
