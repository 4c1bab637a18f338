import { type CertificateSigningRequest, certificateSigningRequests } from '../../kinds/index.ts';
import { keyOfObject } from '../runtime/change.ts';
import { defineController, type ReconcileContext } from '../runtime/define-controller.ts';
import { awaitsSignature, lifetimeOf, refusalOf } from './plan.ts';

/** Signs what is approved of the built-in signers. Upstream: pkg/controller/certificates/signer. */
export const certificateSigningController = defineController({
  name: 'certificate-signing',
  serviceAccount: 'certificate-controller',
  watches: [
    { kind: certificateSigningRequests, keys: (change) => (change.type === 'DELETED' ? [] : keyOfObject(change)) },
  ],
  permissions: [
    {
      groups: ['certificates.k8s.io'],
      resources: ['certificatesigningrequests'],
      verbs: ['get', 'list', 'watch'],
    },
    { groups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/status'], verbs: ['update'] },
    { groups: ['certificates.k8s.io'], resources: ['signers'], verbs: ['sign'] },
  ],
  reconcile,
});

async function reconcile(name: string, { client, certificates }: ReconcileContext): Promise<undefined> {
  const request = await client.find<CertificateSigningRequest>(certificateSigningRequests, { name });
  if (certificates === undefined || request === undefined || !awaitsSignature(request)) return;
  const pem = atob(request.spec.request ?? '');
  const refusal = refusalOf(request, await certificates.read(pem));
  const status = { ...request.status };
  if (refusal !== undefined) {
    const failed = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: refusal };
    status.conditions = [...(status.conditions ?? []), failed];
  } else {
    const options = { usages: request.spec.usages ?? [], lifetime: lifetimeOf(request) };
    status.certificate = btoa(await certificates.sign(pem, options));
  }
  await client.update(certificateSigningRequests, { ...request, status }, { subresource: 'status' });
}
