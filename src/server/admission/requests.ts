/** Questions that several plugins ask of a request. */
import type { Pod, PodSpec } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { forbidden, type StatusError } from '../../machinery/status.ts';
import type { AdmissionContext, AdmissionRequest } from '../contract.ts';

/** 403 that names the resource and the object. Upstream: admission.NewForbidden. */
export function refusal(request: AdmissionRequest, why: string): StatusError {
  return forbidden({ group: request.kind.group, kind: request.kind.resource }, objectName(request), why);
}

/** The name by which messages call the object, also before one is generated. */
function objectName({ name, object }: AdmissionRequest): string {
  if (name !== '') return name;
  return object?.metadata?.name || object?.metadata?.generateName || 'Unknown';
}

/** Whether the request creates or changes pods themselves. */
export function isPod(request: AdmissionRequest, ...operations: readonly AdmissionRequest['operation'][]): boolean {
  return request.kind.storedAs === 'pods' && request.subresource === '' && operations.includes(request.operation);
}

export const isPodCreate = (request: AdmissionRequest): boolean => isPod(request, 'CREATE');

/** The pod of a request that `isPod` accepted, with a spec to write into. */
export function podOf(request: AdmissionRequest): Pod & { spec: PodSpec } {
  const pod = request.object as Pod & { spec: PodSpec };
  pod.spec ??= {};
  return pod;
}

/** The stored object, asked from storage. */
export async function liveObject<T extends KubeObject>(
  context: AdmissionContext,
  key: { resource: string; namespace: string; name: string },
): Promise<T | undefined> {
  const found = await context.store.shardOf(key.resource).get(key);
  context.observe?.(found.tracked, key.resource);
  if (!found.object) return undefined;
  const object = JSON.parse(found.object.text) as KubeObject;
  const kind = context.kinds.byStored(key.resource);
  return (kind?.fromStorage ? kind.fromStorage(object) : object) as T;
}

/** The object from the cache or, when it is not there, from storage. */
export async function findObject<T extends KubeObject>(
  context: AdmissionContext,
  key: { resource: string; namespace: string; name: string },
): Promise<T | undefined> {
  return context.config.get<T>(key.resource, key.namespace, key.name) ?? liveObject<T>(context, key);
}

/** Init, ordinary and, where wanted, ephemeral containers in the order upstream visits them. */
export function containersOf(spec: PodSpec, ephemeral = true): NonNullable<PodSpec['containers']> {
  return [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...(ephemeral ? (spec.ephemeralContainers ?? []) : []),
  ];
}
