export { createFlowControl, type FlowControlOptions } from './flow-control.ts';
export { createFlowSchemaStatus } from './schema-status.ts';
