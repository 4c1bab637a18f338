/** What a policy is evaluated with: the request in the matched version, its namespace, its authorizer. */
import { CEL_MATCH_CONDITIONS_BUDGET, CEL_RUNTIME_BUDGET } from '../../../machinery/cel/index.ts';
import type { KubeObject } from '../../../machinery/meta.ts';
import { StatusError } from '../../../machinery/status.ts';
import type { AdmissionContext, AdmissionRequest } from '../../contract.ts';
import {
  Activation,
  type Authorize,
  bindingsOf,
  type CompiledVariables,
  cachingAuthorizer,
  type VersionedRequest,
} from '../expressions/index.ts';
import { namespaceOf } from '../match/index.ts';
import { ConfigurationError, type Param } from './params.ts';

/** What all policies share that one request is put to. */
export interface Asked {
  readonly request: AdmissionRequest;
  readonly context: AdmissionContext;
  readonly authorize: Authorize;
}

export const askedOf = (request: AdmissionRequest, context: AdmissionContext): Asked => ({
  request,
  context,
  authorize: cachingAuthorizer(request.user, context),
});

/**
 * Runs a step of a policy's or binding's configuration. What is wrong with it is reported in the words of messages, and
 * the policy or binding passed over. Other errors are thrown.
 */
export async function configured<T>(
  of: 'policy' | 'binding',
  step: () => Promise<T>,
  report: (message: string) => void,
): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof ConfigurationError || error instanceof StatusError)) throw error;
    report(`failed to configure ${of}: ${error.message}`);
    return undefined;
  }
}

/** The namespace that expressions see. Throws 404 when it does not exist. */
export async function namespaceSeen({ request, context }: Asked): Promise<KubeObject | undefined> {
  const { kind, namespace, subresource } = request;
  const isNamespace = kind.group === '' && kind.resource === 'namespaces' && bodyIsObject(subresource);
  return namespace === '' || isNamespace ? undefined : namespaceOf(namespace, context);
}

const bodyIsObject = (subresource: string): boolean => ['', 'status', 'finalize'].includes(subresource);

export interface Invocation {
  readonly asked: Asked;
  readonly versioned: VersionedRequest;
  readonly namespace: KubeObject | undefined;
  readonly params: Param;
  readonly variables: CompiledVariables;
}

/** A run of expressions with a budget of its own; variables are computed anew in each. */
export function activationOf({ asked, versioned, namespace, params, variables }: Invocation): Activation {
  const { authorize } = asked;
  return new Activation({
    bindings: bindingsOf({ versioned, params, namespace }),
    variables,
    authorize,
    budget: CEL_RUNTIME_BUDGET,
  });
}

export function conditionActivationOf({ asked, versioned, params, variables }: Invocation): Activation {
  const { authorize } = asked;
  return new Activation({
    bindings: bindingsOf({ versioned, params, forConditions: true }),
    variables,
    authorize,
    budget: CEL_MATCH_CONDITIONS_BUDGET,
  });
}
