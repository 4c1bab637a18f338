export {
  type Outbound,
  OutboundError,
  type OutboundFault,
  type OutboundOptions,
  type OutboundRequest,
  type OutboundTarget,
  type ServiceTarget,
} from './contract.ts';
export { readService, readSlices } from './endpoints.ts';
export { createOutbound, type Dialer, type OutboundDeps } from './outbound.ts';
export { type OpenAddresses, parseOpenAddresses } from './policy.ts';
export { postReview, type ReviewCall, ReviewError, type WebhookClientConfig } from './post-review.ts';
export { BOOL, BYTES, OBJECTS, reviewSchema, structSchema, TEXT, TEXT_MAP, TEXTS } from './review-schema.ts';
