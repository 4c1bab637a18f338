/** DeleteOptions from the body or the query. Upstream: handlers/delete.go, metav1 validation ValidateDeleteOptions. */
import { objectSchema } from '../../kinds/index.ts';
import {
  exactNumber,
  hasUnusualNumbers,
  NumberLiteral,
  parseLiterals,
  withoutLiterals,
} from '../../machinery/exact-numbers.ts';
import { firstFault, jsonTypeOf } from '../../machinery/fields/index.ts';
import { jsonSyntaxMessage } from '../../machinery/json-syntax.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { quote } from '../../machinery/quote.ts';
import { badRequest, type FieldError, invalid } from '../../machinery/status.ts';
import { readObjectText } from '../negotiation/body.ts';
import { yamlToJson } from '../negotiation/yaml-reader.ts';
import type { RequestScope } from '../scope.ts';
import { checkDryRun } from './options.ts';

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
  orphanDependents?: boolean;
  propagationPolicy?: string;
  dryRun: boolean;
  /** The object is one of a collection that is deleted, which admission is not told the names of. */
  inCollection?: boolean;
  /** As the client sent them, for admission. */
  raw: KubeObject;
}

const POLICIES = ['Foreground', 'Background', 'Orphan', 'nil'];

/** Reads and checks the options. A body wins over the query, as upstream has it. */
export async function readDeleteOptions(scope: RequestScope): Promise<DeleteOptions> {
  if (scope.request.body === null) return checkDeleteOptions(fromQuery(scope.query));
  const { text, format } = await readObjectText(scope.request);
  if (text === '') return checkDeleteOptions(fromQuery(scope.query));
  const options = checkDeleteOptions(parseBody(text, format));
  scope.audit?.requestObject(options.raw);
  return options;
}

/** Checks options that came as an object. Throws 400 and 422. */
export function checkDeleteOptions(given: Record<string, unknown>): DeleteOptions {
  const options = takeDeleteOptions(given);
  options.dryRun = requireValid(options);
  return options;
}

/** Throws 422 for options that go together badly. True for those of a dry run. */
export function requireValid(options: DeleteOptions): boolean {
  const { dryRun } = options.raw;
  const errors = validate(options);
  const isDry = checkDryRun(errors, Array.isArray(dryRun) ? (dryRun as string[]) : []);
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
  return isDry;
}

/** Options that have only their types checked: those of evictions, until the pod is deleted. */
export function takeDeleteOptions(given: Record<string, unknown>): DeleteOptions {
  const fault = firstFault(objectSchema('meta/v1.DeleteOptions'), given, { literals: true });
  if (fault) throw badRequest(fault.message);
  const grace = given.gracePeriodSeconds;
  const raw = withoutLiterals(given) as Record<string, unknown>;
  const options: DeleteOptions = {
    dryRun: false,
    raw: { ...raw, kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' } as KubeObject,
  };
  if (grace !== undefined && grace !== null) {
    // A large integer is a bigint, as in all objects.
    options.gracePeriodSeconds = (grace instanceof NumberLiteral ? exactNumber(grace.source) : grace) as number;
  }
  const orphan = raw.orphanDependents;
  if (typeof orphan === 'boolean') options.orphanDependents = orphan;
  const policy = raw.propagationPolicy;
  if (typeof policy === 'string') options.propagationPolicy = policy;
  if (raw.preconditions) options.preconditions = raw.preconditions as NonNullable<DeleteOptions['preconditions']>;
  options.dryRun = Array.isArray(raw.dryRun) && raw.dryRun.length > 0;
  return options;
}

function validate({ orphanDependents, propagationPolicy }: DeleteOptions): FieldError[] {
  const errors: FieldError[] = [];
  if (propagationPolicy === undefined) return errors;
  const field = 'propagationPolicy';
  if (orphanDependents !== undefined) {
    const message = `Invalid value: ${quote(propagationPolicy)}: orphanDependents and deletionPropagation cannot be both set`;
    errors.push({ type: 'FieldValueInvalid', field, message });
  }
  if (!POLICIES.slice(0, 3).includes(propagationPolicy)) {
    const supported = POLICIES.map((policy) => quote(policy)).join(', ');
    const message = `Unsupported value: ${quote(propagationPolicy)}: supported values: ${supported}`;
    errors.push({ type: 'FieldValueNotSupported', field, message });
  }
  return errors;
}

function parseBody(text: string, format: 'json' | 'yaml'): Record<string, unknown> {
  let json = text;
  if (format === 'yaml') {
    const converted = yamlToJson(text);
    if (converted.error !== undefined) throw badRequest(converted.error);
    json = converted.json;
  }
  let value: unknown;
  try {
    value = hasUnusualNumbers(json) ? parseLiterals(json) : JSON.parse(json);
  } catch {
    throw badRequest(`couldn't get version/kind; json parse error: ${jsonSyntaxMessage(json)}`);
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof NumberLiteral)
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonTypeOf(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  const options = value as Record<string, unknown>;
  if (options.kind && options.kind !== 'DeleteOptions') {
    const version = String(options.apiVersion || 'v1');
    throw badRequest(
      `no kind ${quote(String(options.kind))} is registered for version ${quote(version)} in scheme "pkg/runtime/scheme.go:111"`,
    );
  }
  return options;
}

function fromQuery(query: URLSearchParams): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  const grace = query.get('gracePeriodSeconds');
  if (grace !== null) {
    if (!/^[-+]?\d+$/.test(grace)) throw badRequest(`strconv.ParseInt: parsing ${quote(grace)}: invalid syntax`);
    options.gracePeriodSeconds = exactNumber(grace.replace('+', ''));
  }
  const orphan = query.get('orphanDependents');
  if (orphan !== null) options.orphanDependents = orphan.toLowerCase() !== 'false' && orphan !== '0';
  const policy = query.get('propagationPolicy');
  if (policy !== null) options.propagationPolicy = policy;
  const [uid, resourceVersion] = [query.get('uid'), query.get('resourceVersion')];
  if (uid || resourceVersion)
    options.preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
  if (query.has('dryRun')) options.dryRun = query.getAll('dryRun');
  return options;
}
