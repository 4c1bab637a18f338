export { createFlowControl, type FlowControlOptions } from './flow-control.ts';
