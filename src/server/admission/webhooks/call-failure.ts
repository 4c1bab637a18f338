/** A webhook could not be asked, which its failure policy judges. Upstream: apiserver/pkg/util/webhook/error.go. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
}

/** The message that clients get. */
export const callFailureText = (webhook: string, { message }: CallFailure): string =>
  `failed calling webhook ${JSON.stringify(webhook)}: ${message}`;
