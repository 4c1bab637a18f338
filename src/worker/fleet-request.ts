/** The body of a request for a new cluster. */
import { badRequest } from '../machinery/status.ts';

export interface ClusterRequest {
  name: string;
  apiOnly: boolean;
  hostname: string | null;
}

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const MAX_HOSTNAME = 253;
const FIELDS = new Set(['name', 'apiOnly', 'hostname']);

/** Throws 400 naming the field that is wrong. */
export function parseClusterRequest(text: string): ClusterRequest {
  const body = parseObject(text);
  const unknown = Object.keys(body).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) throw wrong(unknown, 'unknown field');
  const { name, apiOnly = false, hostname = null } = body;
  if (typeof name !== 'string' || !LABEL.test(name)) {
    throw wrong('name', 'must be lower case letters, digits and "-", at most 63');
  }
  if (typeof apiOnly !== 'boolean') throw wrong('apiOnly', 'must be true or false');
  if (hostname === null) return { name, apiOnly, hostname };
  if (typeof hostname !== 'string' || !isHostname(hostname)) {
    throw wrong('hostname', 'must be a host name such as team.example.com');
  }
  return { name, apiOnly, hostname };
}

function parseObject(text: string): Record<string, unknown> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw badRequest('the body is not JSON');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw wrong('body', 'must be an object');
  return body as Record<string, unknown>;
}

function isHostname(name: string): boolean {
  return name.length <= MAX_HOSTNAME && name.includes('.') && name.split('.').every((label) => LABEL.test(label));
}

function wrong(field: string, why: string): Error {
  return badRequest(`the cluster is not valid: ${field}: ${why}`);
}
