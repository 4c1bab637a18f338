/**
 * The part of CRI v1 (and of containerd's event service) that the agent speaks, as field numbers. A line of a message is
 * `name=number:type`; `[]` marks a repeated field, `{}` a map of strings. Names are ours; only numbers travel.
 */
import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';

type NamespaceJson = Parameters<typeof fromJSON>[0];

const ENUMS: Record<string, readonly string[]> = {
  NamespaceMode: ['POD', 'CONTAINER', 'NODE', 'TARGET'],
  Protocol: ['TCP', 'UDP', 'SCTP'],
  MountPropagation: ['PROPAGATION_PRIVATE', 'PROPAGATION_HOST_TO_CONTAINER', 'PROPAGATION_BIDIRECTIONAL'],
  ProfileType: ['RuntimeDefault', 'Unconfined', 'Localhost'],
  SandboxState: ['ready', 'notReady'],
  ContainerState: ['created', 'running', 'exited', 'unknown'],
};

const MESSAGES: Record<string, string> = {
  Empty: '',
  Int64Value: 'value=1:int64',
  UInt64Value: 'value=1:uint64',
  SandboxId: 'id=1:string',
  ContainerId: 'id=1:string',
  VersionRequest: 'version=1:string',
  VersionResponse: 'version=1:string runtimeName=2:string runtimeVersion=3:string runtimeApiVersion=4:string',
  StatusRequest: 'verbose=1:bool',
  RuntimeCondition: 'type=1:string status=2:bool reason=3:string message=4:string',
  RuntimeStatus: 'conditions=1:RuntimeCondition[]',
  StatusResponse: 'status=1:RuntimeStatus',
  DnsConfig: 'servers=1:string[] searches=2:string[] options=3:string[]',
  PortMapping: 'protocol=1:Protocol containerPort=2:int32 hostPort=3:int32 hostIp=4:string',
  NamespaceOption: 'network=1:NamespaceMode pid=2:NamespaceMode ipc=3:NamespaceMode targetId=4:string',
  SecurityProfile: 'profileType=1:ProfileType localhostRef=2:string',
  SandboxSecurity:
    'namespaceOptions=1:NamespaceOption runAsUser=3:Int64Value readonlyRootfs=4:bool supplementalGroups=5:int64[] privileged=6:bool runAsGroup=8:Int64Value seccomp=9:SecurityProfile',
  LinuxSandbox: 'cgroupParent=1:string security=2:SandboxSecurity sysctls=3:{}',
  SandboxMetadata: 'name=1:string uid=2:string namespace=3:string attempt=4:uint32',
  SandboxConfig:
    'metadata=1:SandboxMetadata hostname=2:string logDirectory=3:string dnsConfig=4:DnsConfig portMappings=5:PortMapping[] labels=6:{} annotations=7:{} linux=8:LinuxSandbox',
  RunSandboxRequest: 'config=1:SandboxConfig runtimeHandler=2:string',
  SandboxStatusRequest: 'id=1:string verbose=2:bool',
  PodIP: 'ip=1:string',
  SandboxNetwork: 'ip=1:string additionalIps=2:PodIP[]',
  SandboxNamespaces: 'options=2:NamespaceOption',
  LinuxSandboxStatus: 'namespaces=1:SandboxNamespaces',
  SandboxStatus:
    'id=1:string metadata=2:SandboxMetadata state=3:SandboxState createdAt=4:int64 network=5:SandboxNetwork linux=6:LinuxSandboxStatus labels=7:{} annotations=8:{}',
  SandboxStatusResponse: 'status=1:SandboxStatus info=2:{}',
  SandboxFilter: 'id=1:string labels=3:{}',
  ListSandboxesRequest: 'filter=1:SandboxFilter',
  Sandbox: 'id=1:string metadata=2:SandboxMetadata state=3:SandboxState createdAt=4:int64 labels=5:{} annotations=6:{}',
  ListSandboxesResponse: 'items=1:Sandbox[]',
  ImageSpec: 'image=1:string',
  KeyValue: 'key=1:string value=2:string',
  LinuxResources: 'cpuPeriod=1:int64 cpuQuota=2:int64 cpuShares=3:int64 memoryLimitInBytes=4:int64 oomScoreAdj=5:int64',
  Capability: 'add=1:string[] drop=2:string[]',
  ContainerSecurity:
    'capabilities=1:Capability privileged=2:bool namespaceOptions=3:NamespaceOption runAsUser=5:Int64Value runAsUsername=6:string readonlyRootfs=7:bool supplementalGroups=8:int64[] noNewPrivs=11:bool runAsGroup=12:Int64Value maskedPaths=13:string[] readonlyPaths=14:string[] seccomp=15:SecurityProfile',
  LinuxContainer: 'resources=1:LinuxResources security=2:ContainerSecurity',
  ContainerMetadata: 'name=1:string attempt=2:uint32',
  Mount: 'containerPath=1:string hostPath=2:string readonly=3:bool propagation=5:MountPropagation',
  Device: 'containerPath=1:string hostPath=2:string permissions=3:string',
  ContainerConfig:
    'metadata=1:ContainerMetadata image=2:ImageSpec command=3:string[] args=4:string[] workingDir=5:string env=6:KeyValue[] mounts=7:Mount[] devices=8:Device[] labels=9:{} annotations=10:{} logPath=11:string stdin=12:bool stdinOnce=13:bool tty=14:bool linux=15:LinuxContainer',
  CreateContainerRequest: 'sandboxId=1:string config=2:ContainerConfig sandboxConfig=3:SandboxConfig',
  StopContainerRequest: 'id=1:string timeout=2:int64',
  ContainerFilter: 'id=1:string sandboxId=3:string labels=4:{}',
  ListContainersRequest: 'filter=1:ContainerFilter',
  Container:
    'id=1:string sandboxId=2:string metadata=3:ContainerMetadata image=4:ImageSpec imageRef=5:string state=6:ContainerState createdAt=7:int64 labels=8:{} annotations=9:{}',
  ListContainersResponse: 'containers=1:Container[]',
  ContainerStatus:
    'id=1:string metadata=2:ContainerMetadata state=3:ContainerState createdAt=4:int64 startedAt=5:int64 finishedAt=6:int64 exitCode=7:int32 image=8:ImageSpec imageRef=9:string reason=10:string message=11:string labels=12:{} annotations=13:{} logPath=15:string',
  ContainerStatusResponse: 'status=1:ContainerStatus',
  UpdateResourcesRequest: 'id=1:string linux=2:LinuxResources',
  ExecSyncRequest: 'id=1:string command=2:string[] timeout=3:int64',
  ExecSyncResponse: 'stdout=1:bytes stderr=2:bytes exitCode=3:int32',
  ExecRequest: 'id=1:string command=2:string[] tty=3:bool stdin=4:bool stdout=5:bool stderr=6:bool',
  AttachRequest: 'id=1:string stdin=2:bool tty=3:bool stdout=4:bool stderr=5:bool',
  PortForwardRequest: 'id=1:string ports=2:int32[]',
  StreamUrl: 'url=1:string',
  StatsFilter: 'id=1:string sandboxId=2:string labels=3:{}',
  ListStatsRequest: 'filter=1:StatsFilter',
  StatsAttributes: 'id=1:string metadata=2:ContainerMetadata labels=3:{}',
  CpuUsage: 'timestamp=1:int64 usageCoreNanoSeconds=2:UInt64Value',
  MemoryUsage:
    'timestamp=1:int64 workingSetBytes=2:UInt64Value availableBytes=3:UInt64Value usageBytes=4:UInt64Value rssBytes=5:UInt64Value',
  FilesystemId: 'mountpoint=1:string',
  FilesystemUsage: 'timestamp=1:int64 fsId=2:FilesystemId usedBytes=3:UInt64Value inodesUsed=4:UInt64Value',
  ContainerStats: 'attributes=1:StatsAttributes cpu=2:CpuUsage memory=3:MemoryUsage writableLayer=4:FilesystemUsage',
  ListStatsResponse: 'stats=1:ContainerStats[]',
  Image:
    'id=1:string repoTags=2:string[] repoDigests=3:string[] size=4:uint64 uid=5:Int64Value username=6:string pinned=8:bool',
  ImageRequest: 'image=1:ImageSpec',
  ListImagesResponse: 'images=1:Image[]',
  ImageStatusResponse: 'image=1:Image',
  AuthConfig:
    'username=1:string password=2:string auth=3:string serverAddress=4:string identityToken=5:string registryToken=6:string',
  PullImageRequest: 'image=1:ImageSpec auth=2:AuthConfig',
  PullImageResponse: 'imageRef=1:string',
  ImageFsInfoResponse: 'imageFilesystems=1:FilesystemUsage[]',
};

/** Method → request, response. */
const RUNTIME_METHODS: Record<string, readonly [string, string]> = {
  Version: ['VersionRequest', 'VersionResponse'],
  Status: ['StatusRequest', 'StatusResponse'],
  RunPodSandbox: ['RunSandboxRequest', 'SandboxId'],
  StopPodSandbox: ['SandboxId', 'Empty'],
  RemovePodSandbox: ['SandboxId', 'Empty'],
  PodSandboxStatus: ['SandboxStatusRequest', 'SandboxStatusResponse'],
  ListPodSandbox: ['ListSandboxesRequest', 'ListSandboxesResponse'],
  CreateContainer: ['CreateContainerRequest', 'ContainerId'],
  StartContainer: ['ContainerId', 'Empty'],
  StopContainer: ['StopContainerRequest', 'Empty'],
  RemoveContainer: ['ContainerId', 'Empty'],
  ListContainers: ['ListContainersRequest', 'ListContainersResponse'],
  ContainerStatus: ['ContainerId', 'ContainerStatusResponse'],
  UpdateContainerResources: ['UpdateResourcesRequest', 'Empty'],
  ReopenContainerLog: ['ContainerId', 'Empty'],
  ExecSync: ['ExecSyncRequest', 'ExecSyncResponse'],
  Exec: ['ExecRequest', 'StreamUrl'],
  Attach: ['AttachRequest', 'StreamUrl'],
  PortForward: ['PortForwardRequest', 'StreamUrl'],
  ListContainerStats: ['ListStatsRequest', 'ListStatsResponse'],
};
const IMAGE_METHODS: Record<string, readonly [string, string]> = {
  ListImages: ['Empty', 'ListImagesResponse'],
  ImageStatus: ['ImageRequest', 'ImageStatusResponse'],
  PullImage: ['PullImageRequest', 'PullImageResponse'],
  RemoveImage: ['ImageRequest', 'Empty'],
  ImageFsInfo: ['Empty', 'ImageFsInfoResponse'],
};

/** containerd's own services, for events of tasks: which container started, ended or ran out of memory. */
const CONTAINERD_MESSAGES: Record<string, string> = {
  SubscribeRequest: 'filters=1:string[]',
  Any: 'typeUrl=1:string value=2:bytes',
  Envelope: 'namespace=2:string topic=3:string event=4:Any',
  TaskEvent: 'containerId=1:string',
  TaskExit: 'containerId=1:string id=2:string',
};

const TASK_MESSAGES: Record<string, string> = {
  DeleteProcessRequest: 'containerId=1:string execId=2:string',
  DeleteResponse: 'id=1:string',
};

function messageJson(fields: string) {
  const json: Record<string, { type: string; id: number; rule?: string; keyType?: string }> = {};
  for (const field of fields.split(' ').filter(Boolean)) {
    const [name = '', number = '', type = ''] = field.split(/[=:]/);
    const id = Number(number);
    if (type === '{}') json[name] = { keyType: 'string', type: 'string', id };
    else if (type.endsWith('[]')) json[name] = { rule: 'repeated', type: type.slice(0, -2), id };
    else json[name] = { type, id };
  }
  return { fields: json };
}

function messagesJson(messages: Record<string, string>) {
  return Object.fromEntries(Object.entries(messages).map(([name, fields]) => [name, messageJson(fields)]));
}

function serviceJson(methods: Record<string, readonly [string, string]>) {
  return {
    methods: Object.fromEntries(
      Object.entries(methods).map(([name, [requestType, responseType]]) => [name, { requestType, responseType }]),
    ),
  };
}

function namespaceJson(): NamespaceJson {
  const enums = Object.fromEntries(
    Object.entries(ENUMS).map(([name, values]) => [name, { values: Object.fromEntries(values.map((v, i) => [v, i])) }]),
  );
  const subscribe = { requestType: 'SubscribeRequest', responseType: 'Envelope', responseStream: true };
  // These travel inside Any; the extra method makes the loader hand out their codecs.
  const decode = { requestType: 'TaskEvent', responseType: 'TaskExit' };
  return {
    nested: {
      'runtime.v1': {
        nested: {
          ...enums,
          ...messagesJson(MESSAGES),
          RuntimeService: serviceJson(RUNTIME_METHODS),
          ImageService: serviceJson(IMAGE_METHODS),
        },
      },
      'containerd.services.tasks.v1': {
        nested: {
          ...messagesJson(TASK_MESSAGES),
          Tasks: serviceJson({ DeleteProcess: ['DeleteProcessRequest', 'DeleteResponse'] }),
        },
      },
      'containerd.services.events.v1': {
        nested: { ...messagesJson(CONTAINERD_MESSAGES), Events: { methods: { Subscribe: subscribe, Decode: decode } } },
      },
    },
  } as NamespaceJson;
}

let loaded: PackageDefinition | undefined;

/** The descriptors, built on first use. Numbers beyond 2^53 (nanoseconds) lose their last digits. */
export function criDefinition(): PackageDefinition {
  loaded ??= fromJSON(namespaceJson(), {
    longs: Number,
    enums: String,
    bytes: Buffer,
    defaults: true,
    arrays: true,
    objects: true,
  });
  return loaded;
}
