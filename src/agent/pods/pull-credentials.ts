import type { Pod } from '../../kinds/index.ts';
import type { RegistryAuth } from '../runtime/contract.ts';
import type { ObjectSource } from './context.ts';

interface DockerAuth {
  username?: string;
  password?: string;
  auth?: string;
  identitytoken?: string;
  registrytoken?: string;
}

const hostOf = (key: string): string => key.replace(/^https?:\/\//, '').split('/')[0] ?? '';

function parse(text: string | undefined, nested: boolean): Record<string, DockerAuth> {
  if (text === undefined) return {};
  try {
    const value = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as unknown;
    if (typeof value !== 'object' || value === null) return {};
    return (nested ? ((value as { auths?: Record<string, DockerAuth> }).auths ?? {}) : value) as Record<
      string,
      DockerAuth
    >;
  } catch {
    return {};
  }
}

/** The credentials that the pod's imagePullSecrets hold for a registry; missing secrets are passed over. */
export async function pullCredentials(
  pod: Pod,
  objects: ObjectSource,
  registry: string,
): Promise<RegistryAuth | undefined> {
  for (const { name } of pod.spec?.imagePullSecrets ?? []) {
    const secret = name ? await objects.secret(pod.metadata.namespace ?? '', name).catch(() => undefined) : undefined;
    const auths = {
      ...parse(secret?.data?.['.dockercfg'], false),
      ...parse(secret?.data?.['.dockerconfigjson'], true),
    };
    for (const [key, auth] of Object.entries(auths)) {
      const host = hostOf(key);
      if (host !== registry && !(registry === 'docker.io' && host === 'index.docker.io')) continue;
      const result: RegistryAuth = { serverAddress: key };
      if (auth.username) result.username = auth.username;
      if (auth.password) result.password = auth.password;
      if (auth.auth) result.auth = auth.auth;
      if (auth.identitytoken) result.identityToken = auth.identitytoken;
      if (auth.registrytoken) result.registryToken = auth.registrytoken;
      return result;
    }
  }
  return undefined;
}
