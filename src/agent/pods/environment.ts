/** The environment of a container. Upstream: pkg/kubelet/kubelet_pods.go makeEnvironmentVariables. */
import type { Container, EnvFromSource, EnvVar, Pod } from '../../kinds/index.ts';
import { ConfigError } from './config-error.ts';
import type { PodContext } from './context.ts';
import { expand } from './expand.ts';
import { podField, resourceField } from './field-ref.ts';
import { serviceVariables } from './service-env.ts';

/** Base64 text as UTF-8. */
const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

interface Scope {
  pod: Pod;
  container: Container;
  context: PodContext;
  podIPs: readonly string[];
}

const namespaceOf = (pod: Pod): string => pod.metadata.namespace ?? '';

async function envFrom(source: EnvFromSource, { pod, context }: Scope): Promise<Map<string, string>> {
  const namespace = namespaceOf(pod);
  const out = new Map<string, string>();
  const prefix = source.prefix ?? '';
  if (source.configMapRef) {
    const { name = '', optional } = source.configMapRef;
    const object = await context.objects.configMap(namespace, name);
    if (object === undefined && !optional) throw new ConfigError(`configmap "${name}" not found`);
    for (const [key, value] of Object.entries(object?.data ?? {})) out.set(prefix + key, value);
  } else if (source.secretRef) {
    const { name = '', optional } = source.secretRef;
    const object = await context.objects.secret(namespace, name);
    if (object === undefined && !optional) throw new ConfigError(`secret "${name}" not found`);
    for (const [key, value] of Object.entries(object?.data ?? {})) out.set(prefix + key, decode(value));
  }
  return out;
}

/** Undefined leaves the variable out. */
async function valueFrom(variable: EnvVar, scope: Scope): Promise<string | undefined> {
  const { pod, container, context, podIPs } = scope;
  const source = variable.valueFrom;
  const namespace = namespaceOf(pod);
  const node = context.node();
  if (source?.fieldRef) {
    const { fieldPath } = source.fieldRef;
    const value = podField(pod, fieldPath, { hostIPs: node.hostIPs, podIPs, nodeName: node.name });
    if (value === undefined) throw new ConfigError(`unsupported fieldPath: ${fieldPath}`);
    return value;
  }
  if (source?.resourceFieldRef) {
    const name = source.resourceFieldRef.containerName || container.name;
    const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
    const target = all.find((c) => c.name === name);
    const value = target && resourceField(target, source.resourceFieldRef, node.allocatable);
    if (value === undefined)
      throw new ConfigError(`unsupported container resource : ${source.resourceFieldRef.resource}`);
    return value;
  }
  if (source?.configMapKeyRef) {
    const { name = '', key, optional } = source.configMapKeyRef;
    const object = await context.objects.configMap(namespace, name);
    if (object === undefined && !optional) throw new ConfigError(`configmap "${name}" not found`);
    const value = object?.data?.[key];
    if (value === undefined && !optional)
      throw new ConfigError(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
    return value;
  }
  if (source?.secretKeyRef) {
    const { name = '', key, optional } = source.secretKeyRef;
    const object = await context.objects.secret(namespace, name);
    if (object === undefined && !optional) throw new ConfigError(`secret "${name}" not found`);
    const value = object?.data?.[key];
    if (value === undefined && !optional)
      throw new ConfigError(`couldn't find key ${key} in Secret ${namespace}/${name}`);
    return value === undefined ? undefined : decode(value);
  }
  throw new ConfigError(`environment variable ${variable.name} has a source that this node cannot read`);
}

function servicesOf({ pod, context }: Scope): Map<string, string> {
  const inNamespace = context.services.inNamespace(namespaceOf(pod));
  const inDefault = context.services.inNamespace('default');
  if (inNamespace === undefined || inDefault === undefined) {
    throw new ConfigError('services have not yet been read at least once, cannot construct envs');
  }
  return serviceVariables(pod, inNamespace, inDefault);
}

/**
 * Variables in order: services (lowest), `envFrom`, `env`. `$(NAME)` in a value sees the variables before it and the
 * services. Throws ConfigError for what cannot be resolved.
 */
export async function containerEnvironment(scope: Scope): Promise<Map<string, string>> {
  const services = servicesOf(scope);
  const result = new Map<string, string>();
  for (const source of scope.container.envFrom ?? []) {
    for (const [name, value] of await envFrom(source, scope)) result.set(name, value);
  }
  for (const variable of scope.container.env ?? []) {
    const lookup = (name: string): string | undefined => result.get(name) ?? services.get(name);
    const value = variable.valueFrom ? await valueFrom(variable, scope) : expand(variable.value ?? '', lookup);
    if (value === undefined) continue;
    result.set(variable.name, value);
  }
  for (const [name, value] of services) if (!result.has(name)) result.set(name, value);
  return result;
}
