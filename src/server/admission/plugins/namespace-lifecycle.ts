/** Nothing is created in namespaces that are gone or going. Upstream: admission/plugin/namespace/lifecycle. */
import type { Namespace } from '../../../kinds/index.ts';
import { notFound, StatusError } from '../../../machinery/status.ts';
import type { AdmissionPlugin } from '../../contract.ts';
import { findObject, liveObject, refusal } from '../requests.ts';

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);
const NAMESPACES = { group: '', kind: 'namespaces' };

export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  handles: ({ kind, operation }) => operation !== 'CONNECT' && (kind.namespaced || kind.storedAs === 'namespaces'),
  async admit(request, context) {
    const { kind, operation, namespace } = request;
    if (kind.storedAs === 'namespaces') {
      if (operation === 'DELETE' && IMMORTAL.has(request.name))
        throw refusal(request, 'this namespace may not be deleted');
      return;
    }
    // Questions about rights may be asked of a namespace that does not exist.
    if (operation === 'DELETE' || namespace === '' || kind.group === 'authorization.k8s.io') return;
    const key = { resource: 'namespaces', namespace: '', name: namespace };
    let object = await findObject<Namespace>(context, key);
    if (!object) throw notFound(NAMESPACES, namespace);
    if (operation !== 'CREATE' || object.status?.phase !== 'Terminating') return;
    // A namespace of this name may have been made anew since the cache was read.
    object = await liveObject<Namespace>(context, key);
    if (object && object.status?.phase !== 'Terminating') return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw terminating(refusal(request, why), namespace);
  },
};

function terminating(error: StatusError, namespace: string): StatusError {
  const message = `namespace ${namespace} is being terminated`;
  const causes = [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }];
  return new StatusError(403, 'Forbidden', error.message, { ...error.status.details, causes });
}
