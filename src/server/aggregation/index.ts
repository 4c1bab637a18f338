export { createAggregation } from './aggregation.ts';
export type { Aggregation } from './contract.ts';
export { mergeDiscovery, mergedGroup, mergeGroups } from './discovery.ts';
export { mergeOpenApiIndex, mergeOpenApiV2 } from './openapi.ts';
