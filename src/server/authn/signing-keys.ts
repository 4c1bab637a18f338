/** Signs and verifies the cluster's JSON web tokens with its service-account keys. */
import {
  type CryptoKey,
  compactVerify,
  decodeProtectedHeader,
  importJWK,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose';
import type { ClusterKeys } from '../contract.ts';

export interface SigningKeys {
  /** Signs with the newest key. */
  sign(claims: JWTPayload): Promise<string>;
  /** The claims of a token that one of the cluster's keys signed; undefined when none did. Times are not checked. */
  verify(token: string): Promise<JWTPayload | undefined>;
  /** Public halves of all keys, newest first. */
  publicKeys(): Promise<JWK[]>;
}

interface ImportedKey {
  kid: string;
  alg: string;
  publicJwk: JWK;
  publicKey: CryptoKey;
  privateKey: CryptoKey;
}

/** `keys` is asked each time and expected to be cheap; keys are imported once. */
export function createSigningKeys(keys: () => Promise<ClusterKeys>): SigningKeys {
  let source: readonly JsonWebKey[] | undefined;
  let imported: readonly ImportedKey[] = [];

  // The result is kept, not the promise: in a Worker, a promise of another request dies with that request.
  const current = async (): Promise<readonly ImportedKey[]> => {
    const { serviceAccountKeys } = await keys();
    if (source === serviceAccountKeys) return imported;
    const fresh = await Promise.all(serviceAccountKeys.map(importKey));
    source = serviceAccountKeys;
    imported = fresh;
    return fresh;
  };

  return {
    async sign(claims) {
      const [key] = await current();
      if (!key) throw new Error('the cluster has no service-account key');
      return new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid }).sign(key.privateKey);
    },
    async verify(token) {
      try {
        const { kid } = decodeProtectedHeader(token);
        const all = await current();
        const key = all.find((candidate) => candidate.kid === kid);
        if (!key) return undefined;
        const { payload } = await compactVerify(token, key.publicKey, { algorithms: [key.alg] });
        return JSON.parse(new TextDecoder().decode(payload)) as JWTPayload;
      } catch {
        return undefined;
      }
    },
    async publicKeys() {
      return (await current()).map((key) => key.publicJwk);
    },
  };
}

async function importKey(source: JsonWebKey): Promise<ImportedKey> {
  const jwk = source as JWK;
  const alg = jwk.alg ?? 'RS256';
  const kid = jwk.kid ?? '';
  const publicJwk = publicHalf(jwk, alg, kid);
  const [publicKey, privateKey] = await Promise.all([importJWK(publicJwk, alg), importJWK(jwk, alg)]);
  return { kid, alg, publicJwk, publicKey: publicKey as CryptoKey, privateKey: privateKey as CryptoKey };
}

function publicHalf(jwk: JWK, alg: string, kid: string): JWK {
  const common = { use: 'sig', kty: jwk.kty as string, kid, alg };
  if (jwk.kty === 'EC') return { ...common, crv: jwk.crv as string, x: jwk.x as string, y: jwk.y as string } as JWK;
  return { ...common, n: jwk.n as string, e: jwk.e as string } as JWK;
}
