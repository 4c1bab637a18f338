/** The configuration of the local runtime. Upstream: workerd's config schema, workerd.capnp. */
import { relative } from 'node:path';

export interface WorkerdConfigOptions {
  /** Folder of the configuration; files are embedded by paths relative to it, as capnp wants. */
  folder: string;
  host: string;
  port: number;
  /** Plain-HTTP port of the edge ingress; left out when it is off. */
  ingressPort?: number;
  workerFile: string;
  certificateFile: string;
  keyFile: string;
  /** Folder of the Durable Objects' databases. */
  storage: string;
  /** Address of what dials servers with authorities of their own, as `unix:PATH`; left out where there is none. */
  dialer?: string;
  /** Text bindings of the Worker. */
  variables: Readonly<Record<string, string>>;
}

/** The behaviour of the runtime that the bundle is made for, as in wrangler.toml. */
export const COMPATIBILITY = { date: '2026-10-01', flags: ['enable_request_signal'] } as const;

/** Durable Object classes of the bundle and the bindings they stand under, as in wrangler.toml. */
export const OBJECTS = [
  ['STORAGE', 'StorageObject'],
  ['CONTROLLERS', 'ControllersObject'],
  ['SCHEDULER', 'SchedulerObject'],
  ['NODE_TUNNEL', 'NodeTunnelObject'],
  ['FLEET_OBJECT', 'FleetObject'],
  ['AUDIT', 'AuditObject'],
] as const;

const text = (value: string): string => JSON.stringify(value);

/** The capnp text that `workerd serve` takes. */
export function workerdConfig(options: WorkerdConfigOptions): string {
  const embedded = (file: string) => text(relative(options.folder, file));
  const bindings = [
    ...OBJECTS.map(
      ([name, className]) => `(name = ${text(name)}, durableObjectNamespace = (className = ${text(className)}))`,
    ),
    ...(options.dialer === undefined ? [] : ['(name = "KEDGE_DIALER", service = "dialer")']),
    ...Object.entries(options.variables).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
  ];
  const namespaces = OBJECTS.map(
    ([, className]) => `(className = ${text(className)}, uniqueKey = ${text(`kedge-${className}`)}, enableSql = true)`,
  );
  const tls = `(keypair = (privateKey = embed ${embedded(options.keyFile)}, certificateChain = embed ${embedded(options.certificateFile)}))`;
  const sockets = [
    `(name = "api", address = ${text(`${options.host}:${options.port}`)}, https = (tlsOptions = ${tls}), service = "kedge")`,
  ];
  if (options.ingressPort !== undefined) {
    sockets.push(
      `(name = "ingress", address = ${text(`${options.host}:${options.ingressPort}`)}, http = (), service = (name = "kedge", entrypoint = "Ingress"))`,
    );
  }
  const dialer =
    options.dialer === undefined
      ? ''
      : `,\n    (name = "dialer", external = (address = ${text(options.dialer)}, http = ()))`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "kedge", worker = .kedge),
    (name = "storage", disk = (path = ${text(options.storage)}, writable = true)),
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true)))${dialer}
  ],
  sockets = [${sockets.join(', ')}],
  v8Flags = ["--max-semi-space-size=4"]
);
const kedge :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed ${embedded(options.workerFile)})],
  compatibilityDate = ${text(COMPATIBILITY.date)},
  compatibilityFlags = [${COMPATIBILITY.flags.map(text).join(', ')}],
  durableObjectNamespaces = [${namespaces.join(', ')}],
  durableObjectStorage = (localDisk = "storage"),
  bindings = [
    ${bindings.join(',\n    ')}
  ]
);
`;
}
