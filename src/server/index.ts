/** The API server. */
export { createServer } from './app.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { createOutbound, type Dialer, type Outbound, type OutboundDeps, parseOpenAddresses } from './outbound/index.ts';
