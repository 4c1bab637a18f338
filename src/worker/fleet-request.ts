/** The body of a request for a new cluster. */
import * as z from 'zod/mini';
import { badRequest } from '../machinery/status.ts';

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const MAX_HOSTNAME = 253;

const clusterRequest = () =>
  z.strictObject({
    name: z.string(NAME_RULE).check(z.regex(LABEL, NAME_RULE)),
    apiOnly: z._default(z.boolean('must be true or false'), false),
    hostname: z._default(z.nullable(z.string(HOST_RULE).check(z.refine(isHostname, HOST_RULE))), null),
  });

const NAME_RULE = 'must be lower case letters, digits and "-", at most 63';
const HOST_RULE = 'must be a host name such as team.example.com';

export type ClusterRequest = z.infer<ReturnType<typeof clusterRequest>>;

/** Throws 400 naming the field that is wrong. */
export function parseClusterRequest(text: string): ClusterRequest {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw badRequest('the body is not JSON');
  }
  const parsed = clusterRequest().safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') throw wrong(String(issue.keys[0]), 'unknown field');
  if (!issue || issue.path.length === 0) throw wrong('body', 'must be an object');
  throw wrong(issue.path.join('.'), issue.message);
}

function isHostname(name: string): boolean {
  return name.length <= MAX_HOSTNAME && name.includes('.') && name.split('.').every((label) => LABEL.test(label));
}

function wrong(field: string, why: string): Error {
  return badRequest(`the cluster is not valid: ${field}: ${why}`);
}
