/** Where audit events go besides the log of the cluster: a webhook, a bucket. Upstream: plugin/pkg/audit/webhook. */
import type { ConfigurationInput } from '../server/configuration/document.ts';
import { postJson, webhookClient } from '../server/configuration/kubeconfig.ts';
import type { Outbound } from '../server/index.ts';
import type { AuditBatch } from '../storage/audit-log.ts';

export interface AuditDestination {
  readonly name: 'webhook' | 'bucket';
  /** Rejects when the batch was not taken. */
  send(batch: AuditBatch): Promise<void>;
}

/** The part of an R2 bucket that is needed. */
export interface AuditBucket {
  put(key: string, value: string, options: { httpMetadata: { contentType: string } }): Promise<unknown>;
}

const WEBHOOK_TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/** Sends batches as EventList of audit.k8s.io/v1 to the server of a kubeconfig. Throws 400 for one that is wrong. */
export function auditWebhook(input: ConfigurationInput, outbound: Outbound): AuditDestination {
  const client = webhookClient(input.document, input.files);
  return {
    name: 'webhook',
    async send({ events }) {
      const body = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${events.join(',')}]}`;
      const limits = { timeoutMs: WEBHOOK_TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES };
      const answer = await postJson(outbound, client, { body, ...limits });
      await answer.body?.cancel();
      if (answer.status >= 300) throw new Error(`the audit webhook answered ${answer.status}`);
    },
  };
}

/** Puts each batch as one object of JSON lines, named by cluster, day and place: `audit/CLUSTER/2026-01-31/0000000042.jsonl`. */
export function auditBucket(bucket: AuditBucket, cluster: string): AuditDestination {
  return {
    name: 'bucket',
    async send({ seq, at, events }) {
      const day = new Date(at).toISOString().slice(0, 10);
      const key = `audit/${cluster}/${day}/${String(seq).padStart(10, '0')}.jsonl`;
      await bucket.put(key, `${events.join('\n')}\n`, { httpMetadata: { contentType: 'application/jsonl' } });
    },
  };
}
