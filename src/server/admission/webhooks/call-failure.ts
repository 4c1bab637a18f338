/** How a webhook fails a request. Upstream: apiserver/pkg/util/webhook/error.go. */
import { StatusError } from '../../../machinery/status.ts';

/** A webhook could not be asked, which its failure policy judges. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  /** HTTP status, for metrics. */
  readonly code: number;

  constructor(message: string, code = 503) {
    super(message);
    this.code = code;
  }
}

/** What a webhook that was asked says no with. */
export class WebhookRefusal extends StatusError {}

/** The message that clients get. */
export const callFailureText = (webhook: string, { message }: CallFailure): string =>
  `failed calling webhook ${JSON.stringify(webhook)}: ${message}`;
