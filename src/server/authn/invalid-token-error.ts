/** A token that is there and wrong. The message is shown by TokenReview only, never to the bearer. */
export class InvalidTokenError extends Error {
  override readonly name = 'InvalidTokenError';
}
