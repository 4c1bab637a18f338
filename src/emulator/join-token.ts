import { randomBytes } from 'node:crypto';
import { apiTime } from '../machinery/time.ts';
import { type ApiTarget, apiRequest, messageOf } from './api-request.ts';
import { UserError } from './errors.ts';

/** Makes a bootstrap token, which lives for an hour unless it is said; throws UserError. Upstream: kubeadm token create. */
export async function createJoinToken(target: ApiTarget, ttlSeconds = 3600): Promise<string> {
  const id = randomBytes(3).toString('hex');
  const secret = randomBytes(8).toString('hex');
  const reply = await apiRequest(target, '/api/v1/namespaces/kube-system/secrets', {
    method: 'POST',
    body: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `bootstrap-token-${id}` },
      type: 'bootstrap.kubernetes.io/token',
      stringData: {
        'token-id': id,
        'token-secret': secret,
        expiration: apiTime(Date.now() + ttlSeconds * 1000),
        'usage-bootstrap-authentication': 'true',
        'usage-bootstrap-signing': 'true',
        'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
      },
    },
  });
  if (reply.status !== 201)
    throw new UserError(`Could not create a join token: ${messageOf(reply.body) ?? `status ${reply.status}`}`);
  return `${id}.${secret}`;
}
