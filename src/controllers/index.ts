import type { KubeObject } from '../machinery/meta.ts';
import { createApiServiceAvailability } from './apiservice-availability/index.ts';
import { certificateApprovingController } from './certificate-approving/index.ts';
import { certificateSigningController } from './certificate-signing/index.ts';
import { clusterRoleAggregationController } from './clusterrole-aggregation/index.ts';
import { createDeploymentController } from './deployment/index.ts';
import { createDisruptionController, POD_READER } from './disruption/index.ts';
import { endpointsController } from './endpoints/index.ts';
import { endpointSliceController } from './endpointslice/index.ts';
import { endpointSliceMirroringController } from './endpointslice-mirroring/index.ts';
import { createGarbageCollector } from './garbage-collector/index.ts';
import { ingressStatusController } from './ingress-status/index.ts';
import { createJobController } from './job/index.ts';
import { createNamespaceController } from './namespace/index.ts';
import { nodeIpamController } from './node-ipam/index.ts';
import { createNodeLifecycleController } from './node-lifecycle/index.ts';
import { createPodGarbageCollector } from './pod-garbage-collector/index.ts';
import { pvProtectionController } from './pv-protection/index.ts';
import { createPvcProtectionController } from './pvc-protection/index.ts';
import { createReplicaSetController, createReplicationController } from './replicaset/index.ts';
import { createResourceQuotaController } from './resource-quota/index.ts';
import { rootCaCertPublisher } from './root-ca-cert-publisher/index.ts';
import type { Controller } from './runtime/define-controller.ts';
import { ownRole } from './runtime/own-role.ts';
import { serviceAccountController } from './service-account/index.ts';
import { vacProtectionController } from './vac-protection/index.ts';
import { validatingAdmissionPolicyStatusController } from './validating-admission-policy-status/index.ts';

/** All controllers of a cluster, new ones for each host: some remember what they have seen. */
export function createControllers(): Controller[] {
  return [
    serviceAccountController,
    rootCaCertPublisher,
    clusterRoleAggregationController,
    createNamespaceController(),
    createDeploymentController(),
    createReplicaSetController(),
    createReplicationController(),
    createJobController(),
    createDisruptionController(),
    endpointSliceController,
    endpointSliceMirroringController,
    endpointsController,
    createGarbageCollector(),
    createPodGarbageCollector(),
    createResourceQuotaController(),
    createPvcProtectionController(),
    pvProtectionController,
    vacProtectionController,
    createNodeLifecycleController(),
    nodeIpamController,
    certificateApprovingController,
    certificateSigningController,
    ingressStatusController,
    createApiServiceAvailability(),
    validatingAdmissionPolicyStatusController,
  ];
}

/** Roles and bindings beyond upstream's, which come with its bootstrap objects. */
export function ownControllerRoles(): KubeObject[] {
  const podReader = { serviceAccount: 'disruption-controller', permissions: [POD_READER] };
  return [
    ...ownRole(ingressStatusController),
    ...ownRole(createApiServiceAvailability()),
    ...ownRole(podReader, 'kedge:controller:'),
  ];
}

export { tunnelKey } from './node-lifecycle/index.ts';
export type { Change } from './runtime/change.ts';
export type { ControllerSettings, Dependent, ServedKind } from './runtime/define-controller.ts';
export { type ControllerHost, type ControllerHostOptions, createControllerHost } from './runtime/host.ts';
export { migrateQueue } from './runtime/migrations.ts';
export { createMemoryQueueStore, type QueueStore } from './runtime/queue-store.ts';
export { createSqliteQueueStore, type QueueDatabase } from './runtime/sqlite-queue-store.ts';
