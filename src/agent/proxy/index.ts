/** The API server as pods of this node reach it. */
export { type ApiProxy, type ApiProxyOptions, startApiProxy } from './api-proxy.ts';
