/** What tests of the core kinds' rules ask a server, and what they read of its answers. */
import type { TestCluster } from '../support/cluster.ts';

export interface Answer {
  message?: string;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  details?: { causes?: { field: string; message: string }[] };
}

export const PODS = '/api/v1/namespaces/n/pods';
export const CONTAINER = { name: 'c', image: 'x' };

/** `field: message` of every cause, or the status code of a success. */
export async function causesOf(cluster: TestCluster, request: string, body: object): Promise<string[] | number> {
  const reply = await cluster.send<Answer>(request, { body });
  if (reply.status < 300) return reply.status;
  return reply.body.details?.causes?.map(({ field, message }) => `${field}: ${message}`) ?? [reply.body.message ?? ''];
}
