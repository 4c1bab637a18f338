/** Shuffle sharding: which queues a flow may use. Upstream: apiserver/pkg/util/shufflesharding. */

/** Deals `handSize` different cards of `deckSize` to a flow, always the same ones to the same flow. */
export function dealHand(flow: string, deckSize: number, handSize: number): number[] {
  let hash = hashOf(flow);
  const hand: number[] = [];
  const remainders: number[] = [];
  for (let i = 0; i < handSize; i++) {
    const left = BigInt(deckSize - i);
    remainders.push(Number(hash % left));
    hash /= left;
  }
  for (const [i, remainder] of remainders.entries()) {
    let card = remainder;
    for (let j = i; j > 0; j--) if (card >= (remainders[j - 1] as number)) card++;
    hand.push(card);
  }
  return hand;
}

/** 64 bits from two FNV-1a hashes, the second over the text after it was mixed with its length. */
function hashOf(text: string): bigint {
  const high = fnv(text, 0x811c9dc5);
  const low = fnv(text, (0x9e3779b9 ^ text.length) >>> 0);
  return (BigInt(high) << 32n) | BigInt(low);
}

function fnv(text: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return (Math.imul(hash, 0xc2b2ae35) ^ (hash >>> 16)) >>> 0;
}
