export { CandidateIndex } from './candidate-index.ts';
export { type GroupVersionKind, type ResourceForm, resourceForm } from './resource-forms.ts';
export { type AdmissionRule, matchByName, matchingRules, type RuleMatch, type RuleTarget } from './rules.ts';
export { matchesNamespace, matchesObject, namespaceOf } from './selectors.ts';
