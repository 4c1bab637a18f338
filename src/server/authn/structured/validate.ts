/** Checks an AuthenticationConfiguration and compiles its expressions. Upstream: apis/apiserver/validation. */
import type { CelProgram } from '../../../machinery/cel/index.ts';
import { badRequest, type FieldError } from '../../../machinery/status.ts';
import {
  domainPrefixedPath,
  duplicateError,
  invalidError,
  invalidErrors,
  requiredError,
  tooManyError,
} from '../../../machinery/validation/index.ts';
import { aggregate, checkStrictly } from '../../configuration/decode.ts';
import {
  AUTHENTICATION,
  type AuthenticationConfiguration,
  type ClaimValidationRule,
  type IssuerConfiguration,
  type JwtAuthenticatorConfiguration,
  type PrefixedClaimOrExpression,
} from './configuration.ts';
import { compileExpression } from './expressions.ts';

/** An authenticator with its expressions ready to run. */
export interface CompiledAuthenticator {
  configuration: JwtAuthenticatorConfiguration;
  username?: CelProgram;
  groups?: CelProgram;
  uid?: CelProgram;
  extra: { key: string; program: CelProgram }[];
  claimRules: { program: CelProgram; message: string }[];
  userRules: { program: CelProgram; message: string }[];
}

export interface CompiledAuthentication {
  authenticators: CompiledAuthenticator[];
  /** The paths at which nobody in particular may ask; undefined: all of them; empty: none. */
  anonymousPaths: ReadonlySet<string> | undefined;
}

const MAX_AUTHENTICATORS = 64;

/** Throws 400 with all that is wrong. `ownIssuers` are those of the cluster's service accounts. */
export function compileAuthentication(
  document: Record<string, unknown>,
  ownIssuers: readonly string[],
  duplicates: readonly string[] = [],
): CompiledAuthentication {
  checkStrictly(document, AUTHENTICATION, duplicates);
  const { jwt = [], anonymous } = document as AuthenticationConfiguration;
  if (jwt.length > MAX_AUTHENTICATORS)
    throw badRequest(aggregate([tooManyError('jwt', jwt.length, MAX_AUTHENTICATORS)]));
  const errors: FieldError[] = [];
  const seen = { issuers: new Set<string>(), discovery: new Set<string>() };
  const authenticators = jwt.map((configuration, i) => {
    const path = `jwt[${i}]`;
    const compiled = compileAuthenticator(configuration, { path, ownIssuers, errors });
    const { url = '', discoveryURL = '' } = configuration.issuer ?? {};
    if (seen.issuers.has(url)) errors.push(duplicateError(`${path}.issuer.url`, url));
    seen.issuers.add(url);
    if (seen.discovery.has(discoveryURL)) errors.push(duplicateError(`${path}.issuer.discoveryURL`, discoveryURL));
    if (discoveryURL !== '') seen.discovery.add(discoveryURL);
    return compiled;
  });
  const conditions = anonymous?.conditions ?? [];
  if (anonymous && anonymous.enabled !== true && conditions.length > 0) {
    const why = 'enabled should be set to true when conditions are defined';
    errors.push(invalidError('anonymous.conditions', conditions, why));
  }
  if (errors.length > 0) throw badRequest(aggregate(errors));
  return { authenticators, anonymousPaths: anonymousPaths(anonymous) };
}

function anonymousPaths(anonymous: AuthenticationConfiguration['anonymous']): ReadonlySet<string> | undefined {
  if (!anonymous) return undefined;
  if (anonymous.enabled !== true) return new Set();
  return anonymous.conditions?.length ? new Set(anonymous.conditions.map(({ path = '' }) => path)) : undefined;
}

interface At {
  path: string;
  errors: FieldError[];
}

function compileAuthenticator(
  configuration: JwtAuthenticatorConfiguration,
  at: At & { ownIssuers: readonly string[] },
): CompiledAuthenticator {
  const { path, errors } = at;
  checkIssuer(configuration.issuer ?? {}, { ...at, path: `${path}.issuer` });
  const compiled: CompiledAuthenticator = { configuration, extra: [], claimRules: [], userRules: [] };
  compileClaimRules(compiled, { path: `${path}.claimValidationRules`, errors });
  compileMappings(compiled, { path: `${path}.claimMappings`, errors });
  compileUserRules(compiled, { path: `${path}.userValidationRules`, errors });
  return compiled;
}

function checkIssuer(issuer: IssuerConfiguration, at: At & { ownIssuers: readonly string[] }): void {
  const { path, errors, ownIssuers } = at;
  const { url = '', discoveryURL = '', certificateAuthority = '', egressSelectorType = '' } = issuer;
  if (url === '') errors.push(requiredError(`${path}.url`));
  else errors.push(...urlErrors(url, `${path}.url`, ownIssuers));
  if (discoveryURL !== '') {
    const field = `${path}.discoveryURL`;
    if (url !== '' && url.replace(/\/+$/, '') === discoveryURL.replace(/\/+$/, ''))
      errors.push(invalidError(field, discoveryURL, 'discoveryURL must be different from URL'));
    errors.push(...urlErrors(discoveryURL, field, []));
  }
  errors.push(...audienceErrors(issuer, path));
  if (certificateAuthority !== '' && !/-----BEGIN CERTIFICATE-----/.test(certificateAuthority)) {
    const why = 'data does not contain any valid RSA or ECDSA certificates';
    errors.push(invalidError(`${path}.certificateAuthority`, '<omitted>', why));
  }
  if (egressSelectorType !== '' && egressSelectorType !== 'controlplane' && egressSelectorType !== 'cluster') {
    const why = 'egress selector must be either controlplane or cluster';
    errors.push(invalidError(`${path}.egressSelectorType`, egressSelectorType, why));
  }
}

function urlErrors(url: string, field: string, disallowed: readonly string[]): FieldError[] {
  const faults: string[] = [];
  if (disallowed.includes(url)) faults.push(`URL must not overlap with disallowed issuers: [${disallowed.join(' ')}]`);
  const [beforeFragment = '', fragment = ''] = split(url, '#');
  const [beforeQuery = '', query = ''] = split(beforeFragment, '?');
  const authority = /^[A-Za-z][\w+.-]*:\/\/([^/]*)/.exec(beforeQuery)?.[1];
  if (!/^https:/i.test(url)) faults.push('URL scheme must be https');
  if (authority?.includes('@')) faults.push('URL must not contain a username or password');
  if (query !== '') faults.push('URL must not contain a query');
  if (fragment !== '') faults.push('URL must not contain a fragment');
  return invalidErrors(field, url, faults);
}

function split(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function audienceErrors({ audiences = [], audienceMatchPolicy = '' }: IssuerConfiguration, path: string): FieldError[] {
  const field = `${path}.audiences`;
  if (audiences.length === 0) return [requiredError(field, `at least one ${field} is required`)];
  const errors = audiences.flatMap((audience, i) => [
    ...(audience === '' ? [requiredError(`${field}[${i}]`)] : []),
    ...(audiences.indexOf(audience) < i ? [duplicateError(`${field}[${i}]`, audience)] : []),
  ]);
  const policy = `${path}.audienceMatchPolicy`;
  if (audiences.length > 1 && audienceMatchPolicy !== 'MatchAny') {
    const why = 'audienceMatchPolicy must be MatchAny for multiple audiences';
    errors.push(invalidError(policy, audienceMatchPolicy, why));
  }
  if (audiences.length === 1 && audienceMatchPolicy !== '' && audienceMatchPolicy !== 'MatchAny') {
    const why = 'audienceMatchPolicy must be empty or MatchAny for single audience';
    errors.push(invalidError(policy, audienceMatchPolicy, why));
  }
  return errors;
}

function compileClaimRules(compiled: CompiledAuthenticator, { path, errors }: At): void {
  const seen = { claims: new Set<string>(), expressions: new Set<string>() };
  for (const [i, rule] of (compiled.configuration.claimValidationRules ?? []).entries()) {
    const { claim = '', expression = '', message = '' } = rule;
    const at = `${path}[${i}]`;
    errors.push(...claimRuleErrors(rule, at, seen));
    if (claim !== '' || expression === '' || seen.expressions.has(expression)) continue;
    seen.expressions.add(expression);
    const field = `${at}.expression`;
    const program = compileExpression(expression, { path: field, variable: 'claims', rule: true, errors });
    if (program) compiled.claimRules.push({ program, message });
  }
}

function claimRuleErrors(
  { claim = '', requiredValue = '', expression = '', message = '' }: ClaimValidationRule,
  path: string,
  seen: { claims: Set<string>; expressions: ReadonlySet<string> },
): FieldError[] {
  if (claim !== '' && expression !== '') return [invalidError(path, claim, "claim and expression can't both be set")];
  if (claim === '' && expression === '') return [requiredError(path, 'claim or expression is required')];
  const errors: FieldError[] = [];
  if (claim !== '') {
    if (message !== '') errors.push(invalidError(`${path}.message`, message, 'may not be specified when claim is set'));
    if (seen.claims.has(claim)) errors.push(duplicateError(`${path}.claim`, claim));
    seen.claims.add(claim);
    return errors;
  }
  if (requiredValue !== '')
    errors.push(invalidError(`${path}.requiredValue`, requiredValue, 'may not be specified when expression is set'));
  if (seen.expressions.has(expression)) errors.push(duplicateError(`${path}.expression`, expression));
  return errors;
}

function compileMappings(compiled: CompiledAuthenticator, { path, errors }: At): void {
  const { username = {}, groups = {}, uid = {} } = compiled.configuration.claimMappings ?? {};
  const name = compilePrefixed(username, { path: `${path}.username`, errors }, true);
  if (name) compiled.username = name;
  const members = compilePrefixed(groups, { path: `${path}.groups`, errors }, false);
  if (members) compiled.groups = members;
  if (uid.claim && uid.expression)
    errors.push(invalidError(`${path}.uid`, '', "claim and expression can't both be set"));
  else if (uid.expression) {
    const field = `${path}.uid.expression`;
    const program = compileExpression(uid.expression, { path: field, variable: 'claims', rule: false, errors });
    if (program) compiled.uid = program;
  }
  compileExtra(compiled, { path: `${path}.extra`, errors });
  // A rule that does not compile says nothing of what it uses.
  const verified = [...compiled.claimRules, ...compiled.extra].map(({ program }) => program);
  if (compiled.username && selects(compiled.username, 'email')) {
    if ([compiled.username, ...verified].some((program) => selects(program, 'email_verified'))) return;
    const why =
      'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression';
    errors.push(invalidError(`${path}.username.expression`, username.expression, why));
  }
}

const LITERALS = /[rRbB]{0,2}("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')/g;

/** Whether an expression selects a claim by name, `claims.NAME` or `claims.?NAME`. */
function selects({ source }: CelProgram, claim: string): boolean {
  return new RegExp(`(^|[^\\w.])claims\\s*\\.\\s*\\??\\s*${claim}(?!\\w)`).test(source.replace(LITERALS, "''"));
}

function compilePrefixed(
  mapping: PrefixedClaimOrExpression,
  { path, errors }: At,
  required: boolean,
): CelProgram | undefined {
  const { claim = '', expression = '', prefix } = mapping;
  if (expression !== '' && claim !== '') {
    errors.push(invalidError(path, '', "claim and expression can't both be set"));
  } else if (expression !== '') {
    if (prefix !== undefined && prefix !== null)
      errors.push(invalidError(`${path}.prefix`, prefix, 'may not be specified when expression is set'));
    return compileExpression(expression, { path: `${path}.expression`, variable: 'claims', rule: false, errors });
  } else if (claim !== '') {
    const why = 'prefix is required when claim is set. It can be set to an empty string to disable prefixing';
    if (prefix === undefined || prefix === null) errors.push(requiredError(`${path}.prefix`, why));
  } else if (required) errors.push(requiredError(path, 'claim or expression is required'));
  return undefined;
}

function compileExtra(compiled: CompiledAuthenticator, { path, errors }: At): void {
  const seen = new Set<string>();
  for (const [i, { key = '', valueExpression = '' }] of (compiled.configuration.claimMappings?.extra ?? []).entries()) {
    const at = `${path}[${i}]`;
    errors.push(...extraKeyErrors(key, `${at}.key`));
    if (seen.has(key)) {
      errors.push(duplicateError(`${at}.key`, key));
      continue;
    }
    seen.add(key);
    const field = `${at}.valueExpression`;
    if (valueExpression === '') {
      errors.push(requiredError(field));
      continue;
    }
    const program = compileExpression(valueExpression, { path: field, variable: 'claims', rule: false, errors });
    if (program) compiled.extra.push({ key, program });
  }
}

function extraKeyErrors(key: string, field: string): FieldError[] {
  const errors = domainPrefixedPath(key, field);
  if (key !== key.toLowerCase()) errors.push(invalidError(field, key, 'must be lowercase'));
  if (/^([^/]+\.)?(kubernetes|k8s)\.io\//.test(key)) {
    const why = 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use';
    errors.push(invalidError(field, key, why));
  }
  return errors;
}

function compileUserRules(compiled: CompiledAuthenticator, { path, errors }: At): void {
  const seen = new Set<string>();
  for (const [i, { expression = '', message = '' }] of (compiled.configuration.userValidationRules ?? []).entries()) {
    const field = `${path}[${i}].expression`;
    if (expression === '') errors.push(requiredError(field));
    else if (seen.has(expression)) errors.push(duplicateError(field, expression));
    else {
      seen.add(expression);
      const program = compileExpression(expression, { path: field, variable: 'user', rule: true, errors });
      if (program) compiled.userRules.push({ program, message });
    }
  }
}
