/** A node gets tokens for its own pods only, and only for audiences those pods ask for. */
import type {
  AzureDiskVolumeSource,
  CSIDriver,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Volume,
} from '../../../kinds/index.ts';
import { notFound } from '../../../machinery/status.ts';
import type { TokenRequest } from '../../authn/index.ts';
import { claimName } from '../../authz/pod-references.ts';
import { aggregate } from '../../authz/rbac.ts';
import type { AdmissionContext, AdmissionRequest } from '../../contract.ts';
import { findObject, liveObject, refusal } from '../requests.ts';

export async function checkTokenRequest(
  request: AdmissionRequest,
  node: string,
  context: AdmissionContext,
): Promise<void> {
  if (request.operation !== 'CREATE' || request.subresource !== 'token') return;
  const { spec } = (request.object ?? {}) as TokenRequest;
  const ref = spec?.boundObjectRef;
  if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name) {
    throw refusal(request, 'node requested token not bound to a pod');
  }
  if (!ref.uid) throw refusal(request, 'node requested token with a pod binding without a uid');
  const { namespace } = request;
  const pod = await liveObject<Pod>(context, { resource: 'pods', namespace, name: ref.name });
  if (!pod) throw notFound({ group: '', kind: 'pod' }, ref.name);
  if (pod.metadata.uid !== ref.uid) {
    throw refusal(
      request,
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  if (pod.spec?.nodeName !== node)
    throw refusal(request, 'node requested token bound to a pod scheduled on a different node');
  await checkAudience(request, { pod, audiences: spec.audiences ?? [], context });
}

interface AudienceCheck {
  pod: Pod;
  audiences: readonly string[];
  context: AdmissionContext;
}

async function checkAudience(request: AdmissionRequest, { pod, audiences, context }: AudienceCheck): Promise<void> {
  if (audiences.length > 1) throw refusal(request, 'node may only request 0 or 1 audiences');
  const audience = audiences[0] ?? '';
  const found = await podAudiences(pod, context);
  if (found.audiences.has(audience)) return;
  const quoted = JSON.stringify(audience);
  if (found.faults.length > 0)
    throw refusal(request, `error validating audience ${quoted}: ${aggregate(found.faults)}`);
  const { user, namespace, name } = request;
  const decision = await context.authorizer.authorize({
    user,
    verb: 'request-serviceaccounts-token-audience',
    isResource: true,
    group: '',
    version: 'v1',
    resource: audience,
    subresource: '',
    namespace,
    name,
    path: '',
  });
  if (decision.decision === 'allow') return;
  throw refusal(
    request,
    `audience ${quoted} not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`,
  );
}

/** Drivers that stand for the sources built into the kubelet. Upstream: csi-translation-lib. */
const DRIVERS = {
  gcePersistentDisk: 'pd.csi.storage.gke.io',
  awsElasticBlockStore: 'ebs.csi.aws.com',
  cinder: 'cinder.csi.openstack.org',
  azureDisk: 'disk.csi.azure.com',
  azureFile: 'file.csi.azure.com',
  vsphereVolume: 'csi.vsphere.vmware.com',
  portworxVolume: 'pxd.portworx.com',
} as const;

type Sources = Pick<Volume, 'csi'> & { [source in keyof typeof DRIVERS]?: unknown };
type FoundDriver = string | { missing: string } | undefined;

function driverOf(sources: Sources): FoundDriver {
  if (sources.csi) return sources.csi.driver;
  const { kind } = (sources.azureDisk ?? {}) as AzureDiskVolumeSource;
  if (kind !== undefined && kind !== 'Managed') return { missing: `kind(${kind}) is not supported in csi migration` };
  const builtIn = (Object.keys(DRIVERS) as (keyof typeof DRIVERS)[]).find((source) => sources[source]);
  return builtIn && DRIVERS[builtIn];
}

interface PodAudiences {
  audiences: Set<string>;
  /** Objects that are missing on the way to a driver. */
  faults: string[];
}

/** Audiences of the pod's token volumes and of the drivers of its other volumes, directly or by their claims. */
async function podAudiences(pod: Pod, context: AdmissionContext): Promise<PodAudiences> {
  const audiences = new Set<string>();
  const faults: string[] = [];
  for (const volume of pod.spec?.volumes ?? []) {
    for (const { serviceAccountToken } of volume.projected?.sources ?? []) {
      if (serviceAccountToken) audiences.add(serviceAccountToken.audience ?? '');
    }
    const driver = await volumeDriver(volume, pod, context);
    if (driver === undefined || driver === '') continue;
    if (typeof driver !== 'string') {
      faults.push(driver.missing);
      continue;
    }
    const key = { resource: 'csidrivers.storage.k8s.io', namespace: '', name: driver };
    const found = await findObject<CSIDriver>(context, key);
    if (!found) faults.push(`csidriver.storage.k8s.io ${JSON.stringify(driver)} not found`);
    for (const { audience } of found?.spec?.tokenRequests ?? []) audiences.add(audience ?? '');
  }
  return { audiences, faults };
}

async function volumeDriver(volume: Volume, pod: Pod, context: AdmissionContext): Promise<FoundDriver> {
  const name = claimName(volume, pod.metadata.name ?? '');
  if (name === undefined) return driverOf(volume);
  const namespace = pod.metadata.namespace ?? '';
  const claim = await findObject<PersistentVolumeClaim>(context, {
    resource: 'persistentvolumeclaims',
    namespace,
    name,
  });
  if (!claim) return { missing: `persistentvolumeclaim ${JSON.stringify(name)} not found` };
  const bound = claim.spec?.volumeName ?? '';
  const found = await findObject<PersistentVolume>(context, {
    resource: 'persistentvolumes',
    namespace: '',
    name: bound,
  });
  return found ? driverOf(found.spec ?? {}) : { missing: `persistentvolume ${JSON.stringify(bound)} not found` };
}
