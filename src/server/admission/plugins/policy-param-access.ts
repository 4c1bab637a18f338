/**
 * Who parameterises a policy must be able to read what it is parameterised with, as its messages can tell it.
 * Upstream: pkg/registry/admissionregistration/{validating,mutating}admissionpolicy{,binding}/authz.go.
 */
import type { ParamKind, ParamRef } from '../../../kinds/index.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { invalid } from '../../../machinery/status.ts';
import { forbiddenError } from '../../../machinery/validation/index.ts';
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest, UserInfo } from '../../contract.ts';
import { paramKindOf } from '../policy/index.ts';

const MASTERS = 'system:masters';

/** The policies that bindings refer to, by the resource of the bindings. */
const POLICIES: Readonly<Record<string, string>> = {
  validatingadmissionpolicybindings: 'validatingadmissionpolicies.admissionregistration.k8s.io',
  mutatingadmissionpolicybindings: 'mutatingadmissionpolicies.admissionregistration.k8s.io',
};

interface Spec {
  paramKind?: ParamKind;
  paramRef?: ParamRef;
  policyName?: string;
}

const specOf = (object: AdmissionRequest['object']): Spec => (object?.spec ?? {}) as Spec;

export const policyParamAccess: AdmissionPlugin = {
  name: 'PolicyParamAccess',
  handles: ({ kind, operation, subresource, object }) =>
    kind.group === 'admissionregistration.k8s.io' &&
    subresource === '' &&
    (operation === 'CREATE' || operation === 'UPDATE') &&
    (specOf(object).paramKind !== undefined || specOf(object).paramRef !== undefined),
  async validate(request, context) {
    const { kind, object, user } = request;
    if (user.groups.includes(MASTERS)) return;
    const error =
      kind.resource in POLICIES ? await bindingError(request, context) : await policyError(request, context);
    if (error) throw invalid({ group: kind.group, kind: kind.kind }, object?.metadata.name ?? '', [error]);
  },
};

async function policyError(
  { object, oldObject, user }: AdmissionRequest,
  context: AdmissionContext,
): Promise<FieldError | undefined> {
  const { paramKind } = specOf(object);
  const old = specOf(oldObject).paramKind;
  if (!paramKind || (old?.apiVersion === paramKind.apiVersion && old?.kind === paramKind.kind)) return undefined;
  const asked = { verb: 'get', name: '*', namespace: '*', paramKind };
  if (await mayRead(user, asked, context)) return undefined;
  const { kind, apiVersion } = paramKind;
  const why = `user ${shown(user)} must have "get" permission on all objects of the referenced paramKind (kind=${kind}, apiVersion=${apiVersion})`;
  return forbiddenError('spec.paramKind', why);
}

async function bindingError(
  { kind, object, user }: AdmissionRequest,
  context: AdmissionContext,
): Promise<FieldError | undefined> {
  const { paramRef, policyName = '' } = specOf(object);
  if (!paramRef) return undefined;
  const policy = context.config.get(POLICIES[kind.resource] ?? '', '', policyName);
  const verb = paramRef.name ? 'get' : 'list';
  const { name = '', namespace = '' } = paramRef;
  if (await mayRead(user, { verb, name, namespace, paramKind: specOf(policy).paramKind }, context)) return undefined;
  // Upstream's message has its two values the wrong way round.
  return forbiddenError(
    'spec.paramRef',
    `user ${verb} does not have "${shown(user)}" permission on the object referenced by paramRef`,
  );
}

interface Asked {
  verb: string;
  name: string;
  namespace: string;
  paramKind: ParamKind | undefined;
}

/** What is not known is asked for everything. */
async function mayRead(
  user: UserInfo,
  { verb, name, namespace, paramKind }: Asked,
  context: AdmissionContext,
): Promise<boolean> {
  const [version = '*', group = ''] = (paramKind?.apiVersion ?? '').split('/').reverse();
  const kind = paramKind && (await paramKindOf(paramKind, context).catch(() => undefined));
  const answer = await context.authorizer.authorize({
    user,
    verb,
    isResource: true,
    group: paramKind ? group : '*',
    version: paramKind ? version : '*',
    resource: kind?.resource ?? '*',
    subresource: '',
    namespace,
    name,
    path: '',
  });
  return answer.decision === 'allow';
}

/** A user as Go prints it. */
function shown({ name, uid = '', groups, extra = {} }: UserInfo): string {
  const entries = Object.entries(extra).sort(([a], [b]) => (a < b ? -1 : 1));
  return `&{${name} ${uid} [${groups.join(' ')}] map[${entries.map(([key, list]) => `${key}:[${list.join(' ')}]`).join(' ')}]}`;
}
