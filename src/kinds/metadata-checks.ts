/**
 * How often and in which order the validation of each kind looks at metadata. Upstream has it in the Validate functions
 * of every kind, where some look as at a new object, some as at a changed one, and some both.
 */
import type { MetadataCheck, MetadataChecks } from '../machinery/kind.ts';
import type { kindFacts } from './generated/facts.ts';

type KindId = keyof typeof kindFacts;

/** Most kinds: one pass, by the rules that fit. */
const USUAL: MetadataChecks = { create: ['new'], update: ['changed'], subresources: ['changed'] };

const updated = (...update: MetadataCheck[]): MetadataChecks => ({ ...USUAL, update });

const NEW_LAST = updated('changed', 'new');
const NEW_FIRST = updated('new', 'changed');
const NEW_ONLY: MetadataChecks = { ...updated('new'), subresources: [] };
const PLAIN: MetadataChecks = { create: ['plainNew'], update: ['plainChanged'], subresources: ['plainChanged'] };
const PLAIN_NEW: MetadataChecks = { create: ['plainNew'], update: ['plainNew'], subresources: [] };
const NONE: MetadataChecks = { create: [], update: [], subresources: [] };

const CHECKS: Partial<Record<KindId, MetadataChecks>> = {
  'core/v1/configmaps': NEW_LAST,
  'core/v1/endpoints': NEW_LAST,
  'core/v1/events': NONE,
  'core/v1/limitranges': NEW_ONLY,
  'core/v1/namespaces': NEW_FIRST,
  'core/v1/nodes': NEW_FIRST,
  'core/v1/persistentvolumeclaims': NEW_LAST,
  'core/v1/persistentvolumes': updated('new', 'new'),
  'core/v1/pods': NEW_LAST,
  'core/v1/secrets': NEW_LAST,
  'core/v1/serviceaccounts': NEW_LAST,
  'admissionregistration.k8s.io/v1/mutatingadmissionpolicies': PLAIN_NEW,
  'admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings': PLAIN_NEW,
  'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': PLAIN_NEW,
  'admissionregistration.k8s.io/v1/validatingadmissionpolicies': PLAIN_NEW,
  'admissionregistration.k8s.io/v1/validatingadmissionpolicybindings': PLAIN_NEW,
  'admissionregistration.k8s.io/v1/validatingwebhookconfigurations': PLAIN_NEW,
  'apiextensions.k8s.io/v1/customresourcedefinitions': PLAIN,
  'apiregistration.k8s.io/v1/apiservices': { ...PLAIN, update: ['plainChanged', 'plainNew'] },
  'apps/v1/controllerrevisions': NEW_LAST,
  'batch/v1/cronjobs': { ...USUAL, subresources: [] },
  'batch/v1/jobs': NEW_FIRST,
  'certificates.k8s.io/v1/certificatesigningrequests': { ...NEW_FIRST, subresources: ['new', 'changed'] },
  'coordination.k8s.io/v1/leases': PLAIN,
  'discovery.k8s.io/v1/endpointslices': NEW_ONLY,
  'flowcontrol.apiserver.k8s.io/v1/flowschemas': NEW_ONLY,
  'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations': NEW_ONLY,
  'networking.k8s.io/v1/ingressclasses': NEW_LAST,
  'networking.k8s.io/v1/ingresses': NEW_LAST,
  'networking.k8s.io/v1/ipaddresses': NEW_FIRST,
  'node.k8s.io/v1/runtimeclasses': { ...PLAIN, update: ['plainNew', 'plainChanged'] },
  'policy/v1/poddisruptionbudgets': NONE,
  'rbac.authorization.k8s.io/v1/clusterrolebindings': NEW_FIRST,
  'rbac.authorization.k8s.io/v1/clusterroles': NEW_FIRST,
  'rbac.authorization.k8s.io/v1/rolebindings': NEW_FIRST,
  'rbac.authorization.k8s.io/v1/roles': NEW_FIRST,
  'resource.k8s.io/v1/deviceclasses': NEW_FIRST,
  'resource.k8s.io/v1/resourceclaims': NEW_FIRST,
  'resource.k8s.io/v1/resourceclaimtemplates': NEW_FIRST,
  'storage.k8s.io/v1/csinodes': NEW_ONLY,
  'storage.k8s.io/v1/csistoragecapacities': NEW_FIRST,
  'storage.k8s.io/v1/storageclasses': NEW_FIRST,
  'storage.k8s.io/v1/volumeattachments': { ...NEW_ONLY, subresources: ['new'] },
  'storage.k8s.io/v1/volumeattributesclasses': NEW_LAST,
};

export const metadataChecksOf = (id: KindId): MetadataChecks => CHECKS[id] ?? USUAL;
