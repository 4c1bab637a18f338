/** Custom resources: their kinds, and what keeps their definitions. */

export type { ConversionSource, CustomConverter, DefinitionKeeper } from './contract.ts';
export { storeFor, withConversion } from './conversion.ts';
export { type CustomRegistry, createCustomRegistry } from './custom-registry.ts';
export type { DefinitionIndex } from './definition-index.ts';
export { createDefinitionKeeper } from './definition-keeper.ts';
export { definitionRecords } from './definition-records.ts';
export { endWithDefinition } from './definition-watch.ts';
