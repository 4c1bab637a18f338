/**
 * Which names of a definition are accepted, and what its conditions say. Pure.
 * Upstream: apiextensions-apiserver pkg/controller/status, establish, apiapproval, nonstructuralschema.
 */
import {
  type Approval,
  approvalOf,
  bundleFault,
  type CustomResourceDefinition,
  type CustomResourceDefinitionNames,
  type DefinitionCondition,
  setDefinitionCondition,
} from '../../kinds/index.ts';
import { quote } from '../../machinery/quote.ts';

/** Names that other definitions of the group hold. */
export interface TakenNames {
  resources: ReadonlySet<string>;
  kinds: ReadonlySet<string>;
}

export function takenNames(others: readonly CustomResourceDefinitionNames[]): TakenNames {
  const resources = others.flatMap((names) => [names.plural, names.singular ?? '', ...(names.shortNames ?? [])]);
  const kinds = others.flatMap((names) => [names.kind, names.listKind ?? '']);
  const filled = (names: readonly string[]): Set<string> => new Set(names.filter((name) => name !== ''));
  return { resources: filled(resources), kinds: filled(kinds) };
}

/** Brings the status of a definition that is not being deleted up to date. True when it changed. */
export function settleStatus(definition: CustomResourceDefinition, taken: TakenNames, now: number): boolean {
  const before = JSON.stringify(definition.status);
  definition.status ??= {};
  const { status, spec } = definition;
  const { names, conflict } = acceptNames(spec.names, status.acceptedNames ?? { plural: '', kind: '' }, taken);
  status.acceptedNames = names;
  setDefinitionCondition(definition, acceptedCondition(conflict), now);
  setDefinitionCondition(definition, establishedCondition(definition, conflict !== undefined), now);
  for (const condition of [approvalCondition(definition), structureCondition(definition)])
    if (condition) setDefinitionCondition(definition, condition, now);
  return JSON.stringify(definition.status) !== before;
}

interface NameConflict {
  reason: string;
  message: string;
}

function acceptNames(
  wanted: CustomResourceDefinitionNames,
  held: CustomResourceDefinitionNames,
  { resources, kinds }: TakenNames,
): { names: CustomResourceDefinitionNames; conflict: NameConflict | undefined } {
  const names: CustomResourceDefinitionNames = { ...held };
  let conflict: NameConflict | undefined;
  const accept = (field: 'plural' | 'singular' | 'kind' | 'listKind', reason: string, used: ReadonlySet<string>) => {
    const name = wanted[field] ?? '';
    if (name === (held[field] ?? '') || !used.has(name)) names[field] = name;
    else conflict = { reason, message: inUse(name) };
  };
  accept('plural', 'PluralConflict', resources);
  accept('singular', 'SingularConflict', resources);
  const short = wanted.shortNames ?? [];
  const clashes = short.filter((name) => !held.shortNames?.includes(name) && resources.has(name));
  if (clashes.length > 0) conflict = { reason: 'ShortNamesConflict', message: aggregate(clashes.map(inUse)) };
  else if (short.length > 0) names.shortNames = short;
  else delete names.shortNames;
  accept('kind', 'KindConflict', kinds);
  accept('listKind', 'ListKindConflict', kinds);
  if (wanted.categories?.length) names.categories = wanted.categories;
  else delete names.categories;
  return { names, conflict };
}

const inUse = (name: string): string => `${quote(name)} is already in use`;

/** Several errors as one. Upstream: apimachinery/pkg/util/errors Aggregate. */
function aggregate(messages: readonly string[]): string {
  const distinct = [...new Set(messages)];
  return distinct.length === 1 ? distinct[0]! : `[${distinct.join(', ')}]`;
}

function acceptedCondition(conflict: NameConflict | undefined): DefinitionCondition {
  if (conflict) return { type: 'NamesAccepted', status: 'False', ...conflict };
  return { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' };
}

function establishedCondition(definition: CustomResourceDefinition, conflict: boolean): DefinitionCondition {
  const present = definition.status?.conditions?.find(({ type }) => type === 'Established');
  if (present?.status === 'True') return present;
  const bundle = definition.spec.conversion?.webhook?.clientConfig?.caBundle;
  if (!conflict && bundle && bundleFault(bundle) !== undefined)
    return {
      type: 'Established',
      status: 'False',
      reason: 'InvalidCABundle',
      message: 'The conversion webhook CABundle is invalid',
    };
  if (!conflict)
    return {
      type: 'Established',
      status: 'True',
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
    };
  return (
    present ?? { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
  );
}

const APPROVALS: Record<Approval['state'], Pick<DefinitionCondition, 'status' | 'reason'>> = {
  missing: { status: 'False', reason: 'MissingAnnotation' },
  bypassed: { status: 'False', reason: 'UnapprovedAnnotation' },
  approved: { status: 'True', reason: 'ApprovedAnnotation' },
  invalid: { status: 'False', reason: 'InvalidAnnotation' },
};

/** Groups of the Kubernetes community need an approval. */
function approvalCondition(definition: CustomResourceDefinition): DefinitionCondition | undefined {
  const approval = approvalOf(definition);
  if (!approval) return undefined;
  return { type: 'KubernetesAPIApprovalPolicyConformant', ...APPROVALS[approval.state], message: approval.reason };
}

/** Definitions of earlier releases may keep unknown fields altogether, which later ones may not ask for. */
function structureCondition({ spec }: CustomResourceDefinition): DefinitionCondition | undefined {
  if (!spec.preserveUnknownFields) return undefined;
  const message = 'spec.preserveUnknownFields: Invalid value: true: must be false';
  return { type: 'NonStructuralSchema', status: 'True', reason: 'Violations', message };
}
