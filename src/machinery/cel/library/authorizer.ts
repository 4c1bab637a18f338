import { dns1123Label, dns1123Subdomain } from '../../validation/formats.ts';
import type { CelAuthorizationAttributes, CelDecision, CelType } from '../contract.ts';
import { decide } from '../decisions.ts';
import type { Library } from '../declaration.ts';
import { CelFault, CelHostValue } from '../values.ts';
import { authorizerType, decisionType, groupCheckType, pathCheckType, resourceCheckType } from './host-types.ts';

type Asked = Omit<CelAuthorizationAttributes, 'verb'>;

class Step extends CelHostValue {
  readonly type: CelType;
  readonly asked: Asked;

  constructor(type: CelType, asked: Asked = {}) {
    super();
    this.type = type;
    this.asked = asked;
  }

  equals(other: CelHostValue): boolean {
    return other instanceof Step && JSON.stringify(other.asked) === JSON.stringify(this.asked);
  }

  to(type: CelType, asked: Asked): Step {
    return new Step(type, { ...this.asked, ...asked });
  }

  check(verb: string): Decision {
    return new Decision(decide({ ...this.asked, verb }));
  }
}

class Decision extends CelHostValue {
  readonly type: CelType = decisionType;
  readonly decision: CelDecision;
  constructor(decision: CelDecision) {
    super();
    this.decision = decision;
  }
  equals(other: CelHostValue): boolean {
    return other instanceof Decision && JSON.stringify(other.decision) === JSON.stringify(this.decision);
  }
}

/** The value of the variable `authorizer`. */
export function authorizerValue(): CelHostValue {
  return new Step(authorizerType);
}

/** The value of `authorizer.requestResource`: a check of the resource that the request is for. */
export function resourceCheckValue(asked: Asked): CelHostValue {
  return new Step(resourceCheckType, asked);
}

function notBlank(text: string, what: string): string {
  if (text.trim() === '') throw new CelFault(`${what} must not be empty`);
  return text;
}

function serviceAccount(step: Step, namespace: string, name: string): Step {
  if (dns1123Subdomain(name).length > 0) throw new CelFault('Invalid service account name');
  if (dns1123Label(namespace).length > 0) throw new CelFault('Invalid service account namespace');
  return step.to(authorizerType, { serviceAccount: { namespace, name } });
}

function narrowed(field: keyof Asked) {
  return (step: Step, text: string) => step.to(resourceCheckType, { [field]: text });
}

const check = (step: Step, verb: string): Decision => step.check(verb);

/** Upstream: pkg/cel/library/authz.go */
export function authorizerLibrary(): Library {
  return {
    path: {
      'authorizer_path: Authorizer.(string) -> PathCheck': (step: Step, path: string) =>
        step.to(pathCheckType, { path: notBlank(path, 'path') }),
    },
    group: {
      'authorizer_group: Authorizer.(string) -> GroupCheck': (step: Step, group: string) =>
        step.to(groupCheckType, { group }),
    },
    serviceAccount: { 'authorizer_serviceaccount: Authorizer.(string, string) -> Authorizer': serviceAccount },
    resource: {
      'groupcheck_resource: GroupCheck.(string) -> ResourceCheck': (step: Step, resource: string) =>
        step.to(resourceCheckType, { resource: notBlank(resource, 'resource') }),
    },
    subresource: { 'resourcecheck_subresource: ResourceCheck.(string) -> ResourceCheck': narrowed('subresource') },
    namespace: { 'resourcecheck_namespace: ResourceCheck.(string) -> ResourceCheck': narrowed('namespace') },
    name: { 'resourcecheck_name: ResourceCheck.(string) -> ResourceCheck': narrowed('name') },
    fieldSelector: { 'authorizer_fieldselector: ResourceCheck.(string) -> ResourceCheck': narrowed('fieldSelector') },
    labelSelector: { 'authorizer_labelselector: ResourceCheck.(string) -> ResourceCheck': narrowed('labelSelector') },
    check: {
      'pathcheck_check: PathCheck.(string) -> Decision': check,
      'resourcecheck_check: ResourceCheck.(string) -> Decision': check,
    },
    errored: { 'decision_errored: Decision.() -> bool': ({ decision }: Decision) => decision.error !== undefined },
    error: { 'decision_error: Decision.() -> string': ({ decision }: Decision) => decision.error ?? '' },
    allowed: { 'decision_allowed: Decision.() -> bool': ({ decision }: Decision) => decision.allowed },
    reason: { 'decision_reason: Decision.() -> string': ({ decision }: Decision) => decision.reason ?? '' },
  };
}
