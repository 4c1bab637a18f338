/** What strategies and admission are told about a request. */
import type { StrategyContext } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type { AdmissionRequest, AttachedWrite, Operation } from '../contract.ts';
import type { ResourceCall } from '../scope.ts';

export function strategyContext(call: ResourceCall, dryRun: boolean): StrategyContext {
  const { options } = call.parts;
  return {
    now: options.clock.now(),
    user: call.scope.user,
    namespace: call.namespace,
    uuid: () => options.random.uuid(),
    warn: (text) => call.scope.warn(text),
    dryRun,
    config: options.settings,
  };
}

export interface AdmissionInput {
  operation: Operation;
  subresource?: string;
  name?: string;
  object?: KubeObject;
  oldObject?: KubeObject;
  options?: KubeObject;
  dryRun: boolean;
  attached?: AttachedWrite[];
}

export function admissionRequest(call: ResourceCall, input: AdmissionInput): AdmissionRequest {
  const { attached, name = call.name } = input;
  return {
    operation: input.operation,
    kind: call.kind,
    subresource: input.subresource ?? '',
    namespace: isNamespace(call) ? name : call.namespace,
    name,
    pathName: call.name,
    ...(input.object === undefined ? {} : { object: input.object }),
    ...(input.oldObject === undefined ? {} : { oldObject: input.oldObject }),
    verb: call.scope.info.verb,
    options: input.options,
    dryRun: input.dryRun,
    user: call.scope.user,
    warn: (text) => call.scope.warn(text),
    ...(call.scope.audit ? { annotate: call.scope.audit.annotate } : {}),
    ...(call.conversions ? { conversions: call.conversions } : {}),
    ...(attached && !input.dryRun ? { attach: (write: AttachedWrite) => void attached.push(write) } : {}),
  };
}

/** A namespace is judged inside itself. */
const isNamespace = ({ kind }: ResourceCall): boolean => kind.resource === 'namespaces' && kind.group === '';
