/**
 * A token that is there and wrong. The message, empty for a token that nobody knows, is shown by TokenReview only and
 * never to the bearer.
 */
export class InvalidTokenError extends Error {
  override readonly name = 'InvalidTokenError';
}
