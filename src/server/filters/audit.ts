/** Which requests are audited, as the cluster's policy says. Upstream: endpoints/filters/{audit,authn_audit}.go. */
import type { AuditedRequest, Auditing, AuditRecord } from '../audit/contract.ts';
import {
  type AuditMetrics,
  compilePolicy,
  createAuditRecord,
  createAuditSink,
  type PolicyEvaluator,
  parsePolicy,
} from '../audit/index.ts';
import { type ConfigurationInput, compiledConfiguration } from '../configuration/document.ts';
import type { ConfigSnapshot, ServerOptions } from '../contract.ts';
import { attributesOf } from './authorization.ts';

const NOTHING: Auditing = { begin: () => undefined, unauthenticated: () => undefined, render: () => '' };

/** `metrics`: shared by all servers of an isolate. */
export function createAuditing(options: ServerOptions, metrics: AuditMetrics): Auditing {
  const { auditLog: log, clock, log: logger, clientAddress = () => '' } = options;
  if (!log) return NOTHING;
  const waitUntil = options.waitUntil ?? ((work: Promise<unknown>) => void work);
  const sink = createAuditSink({ log, clock, metrics, logger, waitUntil });
  const now = (): number => clock.now();

  /** A stored policy that this release refuses must not stop the cluster; nothing is audited then. */
  const compile = ({ document }: ConfigurationInput): PolicyEvaluator | undefined => {
    try {
      return compilePolicy(parsePolicy(document));
    } catch (error) {
      logger.error('the audit policy is not valid', { error: String(error) });
      return undefined;
    }
  };
  const recordOf = (scope: AuditedRequest, config: ConfigSnapshot): AuditRecord | undefined => {
    const policy = compiledConfiguration(config, 'audit-policy', compile);
    if (!policy) return undefined;
    const attributes = attributesOf(scope);
    const decision = policy.decide(attributes);
    metrics.decided(decision.level);
    if (decision.level === 'None') return undefined;
    const peer = clientAddress(scope.request);
    return createAuditRecord({ scope, attributes, decision, sink, now, peer, waitUntil });
  };

  return {
    begin(scope, config) {
      const record = recordOf(scope, config);
      record?.received();
      return record;
    },
    unauthenticated: (scope, config, status) => recordOf(scope, config)?.unauthenticated(status),
    render: () => metrics.render(),
  };
}
