/** The API server. */
export { createServer } from './app.ts';
export { createOutbound, type Dialer, type Outbound, type OutboundDeps, parseOpenAddresses } from './outbound/index.ts';
