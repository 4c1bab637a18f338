/** Which flow schema a request belongs to. Upstream: util/flowcontrol/rule.go. */
import type { FlowSchema } from '../../kinds/index.ts';
import type { UserInfo } from '../contract.ts';
import type { RequestInfo } from '../request-info.ts';

type Rule = NonNullable<NonNullable<FlowSchema['spec']>['rules']>[number];
type Subject = NonNullable<Rule['subjects']>[number];
type ResourceRule = NonNullable<Rule['resourceRules']>[number];

const SERVICE_ACCOUNT = 'system:serviceaccount:';

export function matchesSchema(schema: FlowSchema, user: UserInfo, info: RequestInfo): boolean {
  return (schema.spec?.rules ?? []).some(
    (rule) =>
      (rule.subjects ?? []).some((subject) => matchesSubject(subject, user)) &&
      (info.isResource
        ? (rule.resourceRules ?? []).some((resource) => matchesResource(resource, info))
        : (rule.nonResourceRules ?? []).some(
            ({ verbs, nonResourceURLs }) => lists(verbs, info.verb) && matchesPath(nonResourceURLs, info.path),
          )),
  );
}

function matchesSubject(subject: Subject, user: UserInfo): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.user !== undefined && (subject.user.name === '*' || subject.user.name === user.name);
    case 'Group': {
      const wanted = subject.group?.name;
      return wanted === '*' || (wanted !== undefined && user.groups.includes(wanted));
    }
    case 'ServiceAccount': {
      if (!subject.serviceAccount) return false;
      const { namespace, name } = subject.serviceAccount;
      const prefix = `${SERVICE_ACCOUNT}${namespace}:`;
      return name === '*' ? user.name.startsWith(prefix) : user.name === prefix + name;
    }
    default:
      return false;
  }
}

function matchesResource(rule: ResourceRule, info: RequestInfo): boolean {
  const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`;
  if (!lists(rule.verbs, info.verb) || !lists(rule.resources, resource) || !lists(rule.apiGroups, info.group))
    return false;
  return info.namespace === '' ? rule.clusterScope === true : lists(rule.namespaces, info.namespace);
}

function matchesPath(urls: readonly string[] = [], path: string): boolean {
  return urls.some((url) => {
    if (url === '*' || url === path) return true;
    const prefix = url.replace(/\*$/, '');
    return path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
  });
}

/** A list of `*` alone stands for everything; the star is no pattern. */
const lists = (list: readonly string[] = [], value: string): boolean =>
  (list.length === 1 && list[0] === '*') || list.includes(value);
