import { type AcceptOptions, negotiateOutput, negotiateStream, type Output } from '../negotiation/accept.ts';
import type { ResourceCall } from '../scope.ts';

/** The form in which the objects of a call are answered. Throws 406. */
export const outputOf = ({ scope, kind }: ResourceCall, options: AcceptOptions = {}): Output =>
  negotiateOutput(
    scope.request,
    scope.query,
    kind.itemsCarryType ? { ...options, unregistered: true, unrouted: true } : options,
  );

/** The form in which the events of a watch are answered. Throws 406. */
export const streamOutputOf = ({ scope, kind }: ResourceCall): Output =>
  negotiateStream(scope.request, scope.query, kind.itemsCarryType ? { unregistered: true, unrouted: true } : {});
