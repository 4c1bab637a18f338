/** Randomness as a dependency, so that tests are deterministic. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** Cryptographically strong bytes where `systemRandom` is used. */
  bytes(length: number): Uint8Array;
  /** A version-4 UUID. */
  uuid(): string;
}

/** Randomness of the platform. */
export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  uuid: () => crypto.randomUUID(),
};

/** Characters that generated names use: no vowels and no look-alikes, so that no words arise. */
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A random suffix of `length` characters for generated names. Upstream: apimachinery util/rand.String. */
export function nameSuffix(random: Random, length = 5): string {
  let out = '';
  for (let i = 0; i < length; i++) out += NAME_ALPHABET[Math.floor(random.next() * NAME_ALPHABET.length)];
  return out;
}
