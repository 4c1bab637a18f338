/** Counters of audit under upstream's names. Upstream: apiserver/pkg/audit/metrics.go. */

export interface AuditMetrics {
  /** The policy was asked about a request. */
  decided(level: string): void;
  /** An event was made. */
  written(): void;
  /** Events were lost in `plugin`. */
  failed(plugin: string, events: number): void;
  /** Prometheus text; empty before the first request that a policy was asked about. */
  render(): string;
}

export function createAuditMetrics(): AuditMetrics {
  const levels = new Map<string, number>();
  const errors = new Map<string, number>();
  let events = 0;
  return {
    decided: (level) => add(levels, level, 1),
    written() {
      events++;
    },
    failed: (plugin, count) => add(errors, plugin, count),
    render() {
      if (levels.size === 0) return '';
      const lines = [
        ...header('event_total', 'Counter of audit events generated and sent to the audit backend.'),
        `apiserver_audit_event_total ${events}`,
        ...header('error_total', 'Counter of audit events that failed to be audited properly.'),
        ...[...errors].map(([plugin, count]) => `apiserver_audit_error_total{plugin="${plugin}"} ${count}`),
        ...header('level_total', 'Counter of policy levels for audit events (1 per request).'),
        ...[...levels].map(([level, count]) => `apiserver_audit_level_total{level="${level}"} ${count}`),
        ...header(
          'requests_rejected_total',
          'Counter of apiserver requests rejected due to an error in audit logging.',
        ),
        'apiserver_audit_requests_rejected_total 0',
      ];
      return `${lines.join('\n')}\n`;
    },
  };
}

const header = (name: string, help: string): string[] => [
  `# HELP apiserver_audit_${name} ${help}`,
  `# TYPE apiserver_audit_${name} counter`,
];

function add(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
