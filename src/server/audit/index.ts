export { type AuditMetrics, createAuditMetrics } from './metrics.ts';
export { type AuditPolicy, compilePolicy, type PolicyEvaluator, parsePolicy } from './policy.ts';
export { createAuditRecord } from './record.ts';
export { type AuditSink, createAuditSink } from './sink.ts';
