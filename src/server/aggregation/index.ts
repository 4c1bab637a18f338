export { type Aggregation, createAggregation } from './aggregation.ts';
export { mergeDiscovery, mergedGroup, mergeGroups } from './discovery.ts';
export { mergeOpenApiIndex, mergeOpenApiV2 } from './openapi.ts';
