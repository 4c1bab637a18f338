export { type FieldRequirement, parseFieldSelector } from './fields.ts';
export { type LabelRequirement, parseLabelSelector } from './labels.ts';
export { formatRequirements, type LabelSelector, matchesLabels, matchesSelector, requirementsOf } from './match.ts';
