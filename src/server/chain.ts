/**
 * The order in which every request passes through the server. Upstream: server/config.go DefaultBuildHandlerChain.
 *
 * request info → request id → authentication → audit → impersonation → flow control → authorization → route → answer
 */
import { Hono } from 'hono';
import { plainUrl } from '../base/plain-url.ts';
import { StatusError } from '../machinery/status.ts';
import type { AuditRecord } from './audit/contract.ts';
import type { ChainEnv } from './chain-env.ts';
import type { UserInfo } from './contract.ts';
import { statusResponse, toStatusError } from './errors.ts';
import { authenticate } from './filters/authentication.ts';
import { attributesOf, authorize } from './filters/authorization.ts';
import { checkTimeout } from './filters/deadline.ts';
import { withFlowControl } from './filters/flow.ts';
import { impersonate } from './filters/impersonation.ts';
import { isLongRunning } from './metrics.ts';
import { parseRequestInfo } from './request-info.ts';
import { addRoutes, answerResource } from './routes/index.ts';
import type { RequestScope, ServerParts } from './scope.ts';
import { warningHeaders } from './warnings.ts';

const NOBODY: UserInfo = { name: '', groups: [] };

/** What answers all requests of one cluster. */
export interface Chain {
  /** `caller` is given for calls from inside the control plane, which carry no credentials. */
  fetch(request: Request, caller?: UserInfo): Promise<Response>;
}

export function createChain(parts: ServerParts): Chain {
  const routes = new Hono<ChainEnv>();
  const answers = addRoutes(routes, parts);
  routes.onError((error) => {
    throw error;
  });
  const answer = async (passage: Passage, caller: UserInfo | undefined): Promise<Response> => {
    const { scope } = passage;
    if (scope.query.has('timeout')) checkTimeout(scope);
    await authenticate(parts, scope, caller);
    const config = parts.config.known?.() ?? (await parts.config.fresh());
    passage.audit = parts.auditing.begin(scope, config);
    if (passage.audit) scope.audit = passage.audit;
    await impersonate(parts, scope, passage.audit);
    const serve = async (): Promise<Response> => {
      await authorize(parts, attributesOf(scope), passage.audit);
      passage.allowed = true;
      // No fixed path names a resource, so nearly all requests need no router.
      if (scope.info.isResource) return answerResource(parts, scope);
      const direct = scope.info.verb === 'get' ? answers.get(scope.info.path) : undefined;
      if (direct) return direct(scope);
      return routes.fetch(scope.request, { scope });
    };
    // The control plane's own calls are bounded where they are made, and must not wait behind those of others.
    return caller === undefined ? withFlowControl(parts, { scope, config }, serve) : serve();
  };
  return {
    async fetch(request, caller) {
      let scope: RequestScope;
      try {
        scope = openScope(parts, request);
      } catch (error) {
        return failureResponse(parts, { request, error });
      }
      const record = parts.metrics.start(scope);
      const passage: Passage = { scope };
      let response: Response;
      try {
        response = await answer(passage, caller);
        decorate(response, scope);
      } catch (error) {
        response = failureResponse(parts, { request, scope, error });
        if (response.status === 403 && !passage.allowed) response.headers.set('X-Content-Type-Options', 'nosniff');
        decorate(response, scope);
        await auditFailure(parts, passage, error);
      }
      const code = response.status;
      if (passage.audit) response = passage.audit.answered(response, isLongRunning(scope));
      const done = (): void => record.done(code, (parts.options.clock.now() - scope.started) / 1000);
      if (scope.streaming && code < 400) void scope.streaming.then(done, done);
      else done();
      logRequest(parts, scope, code);
      return request.method === 'HEAD' ? new Response(null, response) : response;
    },
  };
}

function failureResponse(
  parts: ServerParts,
  { request, scope, error }: { request: Request; scope?: RequestScope; error: unknown },
): Response {
  const failure = toStatusError(error);
  if (failure.code >= 500 && !(error instanceof StatusError)) logFault(parts, scope, error);
  return statusResponse(failure.status, request, scope?.query);
}

/** One request on its way, with what only the chain knows of it. */
interface Passage {
  readonly scope: RequestScope;
  audit?: AuditRecord | undefined;
  /** The user may do what is asked. */
  allowed?: boolean;
}

/** Audits what was thrown: wrong credentials end the audit before it began, faults of the server have a stage of their own. */
async function auditFailure(parts: ServerParts, passage: Passage, error: unknown): Promise<void> {
  const { scope, audit } = passage;
  const { status } = toStatusError(error);
  if (audit) {
    if (error instanceof StatusError || status.code !== 500) return audit.failed(status);
    passage.audit = undefined;
    return audit.panicked(error instanceof Error ? error.message : String(error));
  }
  if (scope.user !== NOBODY || status.code !== 401) return;
  const config = parts.config.known?.() ?? (await parts.config.fresh().catch(() => undefined));
  if (config) parts.auditing.unauthenticated(scope, config, status);
}

function openScope(parts: ServerParts, request: Request): RequestScope {
  const { clock, random } = parts.options;
  const plain = plainUrl(request.url);
  let parsed: URL | undefined;
  const url = (): URL => {
    parsed ??= new URL(request.url);
    return parsed;
  };
  const query = queryOf(plain ? plain.search : url().search);
  const pathname = plain?.pathname ?? url().pathname;
  const warnings: string[] = [];
  let warned: Set<string> | undefined;
  return {
    request,
    get url() {
      return url();
    },
    query,
    info: parseRequestInfo(request.method, { pathname, searchParams: query }),
    id: requestId(request) ?? random.uuid(),
    started: clock.now(),
    user: NOBODY,
    warnings,
    warn(text) {
      warned ??= new Set(['']);
      if (warned.has(text)) return;
      warned.add(text);
      warnings.push(text);
    },
  };
}

/** Shared by all requests without a query, and never changed. */
const NO_QUERY = new URLSearchParams();

/** What Go does not read as a pair of a query: one with a semicolon, or with a percent sign that escapes nothing. */
const NO_PAIR = /;|%(?![\da-fA-F]{2})/;

function queryOf(search: string): URLSearchParams {
  if (search.length <= 1) return NO_QUERY;
  if (!NO_PAIR.test(search)) return new URLSearchParams(search);
  const pairs = search.slice(1).split('&');
  return new URLSearchParams(pairs.filter((pair) => !NO_PAIR.test(pair)).join('&'));
}

/** A client may name its request, so that logs of both sides can be joined; odd names are replaced. */
function requestId(request: Request): string | undefined {
  const given = request.headers.get('audit-id');
  return given !== null && /^[\w-]{1,64}$/.test(given) ? given : undefined;
}

/** Adds what every answer carries. */
function decorate(response: Response, scope: RequestScope): void {
  if (response.status === 101) return;
  response.headers.set('Audit-Id', scope.id);
  if (scope.flow) {
    response.headers.set('X-Kubernetes-PF-FlowSchema-UID', scope.flow.schemaUid);
    response.headers.set('X-Kubernetes-PF-PriorityLevel-UID', scope.flow.levelUid);
  }
  if (scope.warnings.length === 0) return;
  for (const value of warningHeaders(scope.warnings)) response.headers.append('Warning', value);
}

function logRequest(parts: ServerParts, scope: RequestScope, code: number): void {
  if (code < 500 && scope.info.verb !== 'watch' && parts.options.clock.now() - scope.started < 1_000) return;
  parts.options.log.info('request', {
    id: scope.id,
    cluster: parts.options.cluster,
    verb: scope.info.verb,
    path: scope.info.path,
    user: scope.user.name,
    code,
    ms: parts.options.clock.now() - scope.started,
    longRunning: isLongRunning(scope),
  });
}

function logFault(parts: ServerParts, scope: RequestScope | undefined, error: unknown): void {
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  parts.options.log.error('request failed', {
    id: scope?.id,
    cluster: parts.options.cluster,
    path: scope?.info.path,
    error: message,
    stack,
  });
}
