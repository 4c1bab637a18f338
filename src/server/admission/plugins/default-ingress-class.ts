/** Ingresses that name no class get the default one. Upstream: plugin/pkg/admission/network/defaultingressclass. */
import type { Ingress, IngressClass } from '../../../kinds/index.ts';
import type { AdmissionPlugin } from '../../contract.ts';
import { newestDefault } from '../default-object.ts';

const CLASSES = 'ingressclasses.networking.k8s.io';
const MARK = 'ingressclass.kubernetes.io/is-default-class';
const OLD_CLASS = 'kubernetes.io/ingress.class';

export const defaultIngressClass: AdmissionPlugin = {
  name: 'DefaultIngressClass',
  handles: ({ kind, operation, subresource }) =>
    kind.storedAs === 'ingresses.networking.k8s.io' && operation === 'CREATE' && subresource === '',
  admit(request, { config }) {
    const ingress = request.object as Ingress;
    ingress.spec ??= {};
    if (typeof ingress.spec.ingressClassName === 'string') return;
    if (ingress.metadata.annotations?.[OLD_CLASS] !== undefined) return;
    const found = config.derive('admission/default-ingress-class', [CLASSES], (snapshot) =>
      newestDefault(snapshot.list<IngressClass>(CLASSES), [MARK]),
    );
    if (found?.metadata.name) ingress.spec.ingressClassName = found.metadata.name;
  },
};
