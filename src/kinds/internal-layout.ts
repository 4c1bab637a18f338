/** Where upstream's internal types differ from the published ones in names or order of fields. */

/** Names of Go fields by those of JSON, where they do not follow from them. */
export const GO_NAMES: Readonly<Record<string, string>> = {
  cephfs: 'CephFS',
  chapAuthDiscovery: 'DiscoveryCHAPAuth',
  chapAuthSession: 'SessionCHAPAuth',
  fsGroup: 'FSGroup',
  fsGroupChangePolicy: 'FSGroupChangePolicy',
  gid: 'GID',
  iqn: 'IQN',
  lastState: 'LastTerminationState',
  pdID: 'PdID',
  qosClass: 'QOSClass',
  seLinuxChangePolicy: 'SELinuxChangePolicy',
  seLinuxOptions: 'SELinuxOptions',
  sslEnabled: 'SSLEnabled',
  storageos: 'StorageOS',
  ttlSecondsAfterFinished: 'TTLSecondsAfterFinished',
  wwids: 'WWIDs',
};

const POD_SPEC = [
  'volumes',
  'initContainers',
  'containers',
  'ephemeralContainers',
  'restartPolicy',
  'terminationGracePeriodSeconds',
  'activeDeadlineSeconds',
  'dnsPolicy',
  'nodeSelector',
  'serviceAccountName',
  'automountServiceAccountToken',
  'nodeName',
  'securityContext',
  'imagePullSecrets',
  'hostname',
  'subdomain',
  'setHostnameAsFQDN',
  'affinity',
  'schedulerName',
  'tolerations',
  'hostAliases',
  'priorityClassName',
  'priority',
  'preemptionPolicy',
  'dnsConfig',
  'readinessGates',
  'runtimeClassName',
  'overhead',
  'enableServiceLinks',
  'topologySpreadConstraints',
  'os',
  'schedulingGates',
  'resourceClaims',
  'resources',
  'hostnameOverride',
  'schedulingGroup',
];
const VOLUME =
  'name hostPath emptyDir gcePersistentDisk awsElasticBlockStore gitRepo secret nfs iscsi glusterfs persistentVolumeClaim rbd quobyte flexVolume cinder cephfs flocker downwardAPI fc azureFile configMap vsphereVolume azureDisk photonPersistentDisk projected portworxVolume scaleIO storageos csi ephemeral image';
const SECURITY =
  'seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot supplementalGroups supplementalGroupsPolicy fsGroup fsGroupChangePolicy sysctls seccompProfile appArmorProfile seLinuxChangePolicy';

const PERSISTENT_SOURCE =
  'gcePersistentDisk awsElasticBlockStore hostPath glusterfs nfs rbd quobyte iscsi flexVolume cinder cephfs fc flocker azureFile vsphereVolume azureDisk photonPersistentDisk portworxVolume scaleIO local storageos csi';
const PERSISTENT_VOLUME = `capacity ${PERSISTENT_SOURCE} accessModes claimRef persistentVolumeReclaimPolicy storageClassName mountOptions volumeMode nodeAffinity volumeAttributesClassName`;
const SERVICE =
  'type ports selector clusterIP clusterIPs ipFamilies ipFamilyPolicy externalName externalIPs loadBalancerIP sessionAffinity sessionAffinityConfig loadBalancerSourceRanges externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses allocateLoadBalancerNodePorts loadBalancerClass internalTrafficPolicy trafficDistribution';
const JOB =
  'parallelism completions podFailurePolicy successPolicy activeDeadlineSeconds backoffLimit backoffLimitPerIndex maxFailedIndexes selector manualSelector template ttlSecondsAfterFinished completionMode suspend podReplacementPolicy managedBy';
const JOB_STATUS =
  'conditions startTime completionTime active terminating ready succeeded failed completedIndexes failedIndexes uncountedTerminatedPods';
const POD_STATUS =
  'observedGeneration phase conditions message reason nominatedNodeName hostIP hostIPs podIPs startTime qosClass initContainerStatuses containerStatuses ephemeralContainerStatuses resize resourceClaimStatuses extendedResourceClaimStatus allocatedResources resources nodeAllocatableResourceClaimStatuses';

/** The fields of a type in the internal order; those that are left out have no place there. */
export const FIELD_ORDER: Readonly<Record<string, readonly string[]>> = {
  'core/v1.PodSpec': POD_SPEC,
  'core/v1.PersistentVolumeSpec': PERSISTENT_VOLUME.split(' '),
  'core/v1.PersistentVolumeSource': PERSISTENT_SOURCE.split(' '),
  'core/v1.NodeSpec': ['podCIDRs', 'providerID', 'unschedulable', 'taints', 'configSource', 'externalID'],
  'core/v1.PodStatus': POD_STATUS.split(' '),
  'core/v1.ServiceSpec': SERVICE.split(' '),
  'batch/v1.JobSpec': JOB.split(' '),
  'batch/v1.JobStatus': JOB_STATUS.split(' '),
  'autoscaling/v2.ContainerResourceMetricSource': ['name', 'container', 'target'],
  'autoscaling/v2.ContainerResourceMetricStatus': ['name', 'container', 'current'],
  'core/v1.Volume': VOLUME.split(' '),
  'core/v1.VolumeSource': VOLUME.split(' ').slice(1),
  'core/v1.PodSecurityContext': SECURITY.split(' '),
  'core/v1.VolumeMount': [
    'name',
    'readOnly',
    'recursiveReadOnly',
    'mountPath',
    'subPath',
    'mountPropagation',
    'subPathExpr',
  ],
};

/** Fields of a pod's spec that stand in its security context, before the others. */
export const HOST_FIELDS: readonly (readonly [name: string, goName: string, unset: boolean | null])[] = [
  ['hostNetwork', 'HostNetwork', false],
  ['hostPID', 'HostPID', false],
  ['hostIPC', 'HostIPC', false],
  ['shareProcessNamespace', 'ShareProcessNamespace', null],
  ['hostUsers', 'HostUsers', null],
];
