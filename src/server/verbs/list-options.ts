/**
 * Query parameters of lists and watches, checked as upstream does.
 * Upstream: apimachinery internalversion/validation/validation.go ValidateListOptions, storage/util.go.
 */

import { quote } from '../../machinery/quote.ts';
import { parseFieldSelector, parseLabelSelector } from '../../machinery/selectors/index.ts';
import { badRequest, type FieldError, invalid, StatusError } from '../../machinery/status.ts';
import type { FieldRequirement, LabelRequirement, Selection } from '../../storage/contract.ts';
import { isTrue } from '../negotiation/accept.ts';
import type { ResourceCall } from '../scope.ts';
import { checkSelectableField } from './field-labels.ts';
import { intFault, uintFault } from './integers.ts';

export interface CollectionOptions {
  selection: Selection;
  selective: boolean;
  limit: number;
  continue: string;
  resourceVersion: string;
  match: string;
  sendInitialEvents: boolean | undefined;
  bookmarks: boolean;
  /** Undefined: the server chooses. */
  timeoutSeconds: number | undefined;
}

/** Options of a list, watch or deletecollection. Throws 400, 422 or 500 as upstream does. */
export function parseCollectionOptions(call: ResourceCall, watch: boolean): CollectionOptions {
  const { query } = call.scope;
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fields = fieldRequirements(call, query.get('fieldSelector') ?? '');
  const options: CollectionOptions = {
    selection: selectionOf(call, labels, fields),
    selective: labels.length > 0 || fields.length > 0,
    limit: integer(query, 'limit') ?? 0,
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    match: query.get('resourceVersionMatch') ?? '',
    sendInitialEvents: query.has('sendInitialEvents') ? isTrue(query.get('sendInitialEvents')!) : undefined,
    bookmarks: query.has('allowWatchBookmarks') && isTrue(query.get('allowWatchBookmarks')!),
    timeoutSeconds: integer(query, 'timeoutSeconds'),
  };
  // The old watch paths stream what is checked as the options of a list, unless those say watch as well.
  const asked = watch && query.has('watch') && isTrue(query.get('watch')!);
  if (asked) applyWatchDefaults(options);
  const errors = asked ? watchErrors(options) : listErrors(options);
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
  return options;
}

/** A watch from no version of its own starts with what is there. Upstream: internalversion/defaults.go. */
function applyWatchDefaults(options: CollectionOptions): void {
  if (options.match !== '' || options.sendInitialEvents !== undefined) return;
  if (options.resourceVersion !== '' && options.resourceVersion !== '0') return;
  options.sendInitialEvents = true;
  options.match = 'NotOlderThan';
}

function selectionOf(call: ResourceCall, labels: LabelRequirement[], fields: FieldRequirement[]): Selection {
  const { kind, namespace } = call;
  return {
    resource: kind.storedAs,
    ...(kind.namespaced && namespace !== '' ? { namespace } : {}),
    ...(labels.length > 0 ? { labels } : {}),
    ...(fields.length > 0 ? { fields } : {}),
  };
}

function fieldRequirements(call: ResourceCall, text: string): FieldRequirement[] {
  const fields = parseFieldSelector(text);
  for (const requirement of fields) {
    checkSelectableField(call.kind, requirement.field);
    requirement.field = call.kind.storedFields?.[requirement.field] ?? requirement.field;
  }
  const { info } = call.scope;
  if (!info.named || info.verb !== 'watch') return fields;
  if (fields.length === 0) return [{ field: 'metadata.name', operator: '=', value: info.name }];
  const selected = fields.find(({ field, operator }) => field === 'metadata.name' && operator === '=');
  if (selected?.value !== info.name) throw badRequest("fieldSelector metadata.name doesn't match requested name");
  return fields;
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const fault = intFault(text);
  if (fault) throw badRequest(`strconv.ParseInt: parsing ${quote(text)}: ${fault}`);
  return Number(text);
}

const forbiddenField = (message: string): FieldError => ({
  type: 'FieldValueForbidden',
  field: 'resourceVersionMatch',
  message: `Forbidden: ${message}`,
});

function unsupportedMatch(value: string, supported: readonly string[]): FieldError {
  return {
    type: 'FieldValueNotSupported',
    field: 'resourceVersionMatch',
    message: `Unsupported value: ${quote(value)}: supported values: ${supported.map((s) => quote(s)).join(', ')}`,
  };
}

function watchErrors(options: CollectionOptions): FieldError[] {
  const errors: FieldError[] = [];
  if (options.sendInitialEvents !== undefined) {
    if (options.match !== 'NotOlderThan')
      errors.push(forbiddenField('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  } else if (options.match !== '') {
    errors.push(forbiddenField('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
  }
  if (options.match !== '' && options.match !== 'NotOlderThan')
    errors.push(unsupportedMatch(options.match, ['NotOlderThan']));
  if (options.match !== '' && options.continue !== '')
    errors.push(forbiddenField('resourceVersionMatch is forbidden when continue is provided'));
  return errors;
}

function listErrors(options: CollectionOptions): FieldError[] {
  const errors: FieldError[] = [];
  if (options.match !== '') {
    if (options.resourceVersion === '')
      errors.push(forbiddenField('resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (options.continue !== '')
      errors.push(forbiddenField('resourceVersionMatch is forbidden when continue is provided'));
    if (options.match !== 'Exact' && options.match !== 'NotOlderThan')
      errors.push(unsupportedMatch(options.match, ['Exact', 'NotOlderThan', '']));
    if (options.match === 'Exact' && options.resourceVersion === '0')
      errors.push(forbiddenField('resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push({
      type: 'FieldValueForbidden',
      field: 'sendInitialEvents',
      message: 'Forbidden: sendInitialEvents is forbidden for list',
    });
  }
  return errors;
}

/** A resourceVersion as a number; upstream answers a broken one with a bare 500. */
export function parseResourceVersion(text: string): number {
  if (text === '') return 0;
  const why = uintFault(text);
  if (!why) return Number(text);
  const message = `resourceVersion: Invalid value: ${quote(text)}: strconv.ParseUint: parsing ${quote(text)}: ${why}`;
  throw new StatusError(500, '', message);
}
