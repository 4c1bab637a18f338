import type { KubeObject } from '../../../../src/machinery/meta.ts';
import type { Status } from '../../../../src/machinery/status.ts';
import {
  createTestCluster,
  type RequestInput,
  type TestCluster,
  type TestClusterOptions,
} from '../../../support/cluster.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
export const NS = '/api/v1/namespaces/default';

/** Rules of policies over ConfigMaps, unless told otherwise. */
export const rules = (rule: object = {}): object => ({
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE', 'UPDATE'], ...rule },
  ],
});

export interface PolicyCluster extends TestCluster {
  /** A validating policy `name` with a binding of the same name. */
  validating(name: string, spec: object, binding?: object): Promise<void>;
  /** A mutating policy `name` with a binding of the same name. */
  mutating(name: string, spec: object, binding?: object): Promise<void>;
  /** Creates a ConfigMap. */
  configMap(name: string, data?: Record<string, string>, metadata?: object): Promise<Outcome>;
  outcome(request: string, input?: RequestInput): Promise<Outcome>;
}

export interface Outcome {
  status: number;
  object: KubeObject;
  /** Of a Status. */
  message: string;
  reason: string;
  warning: string | null;
}

export async function policyCluster(options: TestClusterOptions = {}): Promise<PolicyCluster> {
  const cluster = await createTestCluster({ bootstrap: true, ...options });
  const outcome = async (request: string, input?: RequestInput): Promise<Outcome> => {
    const reply = await cluster.send(request, input);
    const { message = '', reason = '' } = reply.body as unknown as Status;
    return { status: reply.status, object: reply.body, message, reason, warning: reply.headers.get('warning') };
  };
  const must = async (request: string, body: object): Promise<void> => {
    const { status, message } = await outcome(request, { body });
    if (status !== 201) throw new Error(`${request}: ${status} ${message}`);
  };
  const define = async (kind: 'validating' | 'mutating', name: string, [spec, binding]: [object, object]) => {
    await must(`POST ${GROUP}/${kind}admissionpolicies`, {
      metadata: { name },
      spec: { matchConstraints: rules(), ...spec },
    });
    await must(`POST ${GROUP}/${kind}admissionpolicybindings`, {
      metadata: { name },
      spec: { policyName: name, ...binding },
    });
  };
  return {
    ...cluster,
    outcome,
    validating: (name, spec, binding = {}) =>
      define('validating', name, [spec, { validationActions: ['Deny'], ...binding }]),
    mutating: (name, spec, binding = {}) =>
      define('mutating', name, [{ reinvocationPolicy: 'Never', ...spec }, binding]),
    configMap: (name, data = {}, metadata = {}) =>
      outcome(`POST ${NS}/configmaps`, { body: { metadata: { name, ...metadata }, data } }),
  };
}

export const apply = (expression: string): object => ({
  patchType: 'ApplyConfiguration',
  applyConfiguration: { expression },
});

export const jsonPatch = (expression: string): object => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

/** With all requests audited; `annotations` are those of the last request whose path has a part. */
export async function auditedPolicyCluster() {
  const events: { requestURI: string; annotations?: Record<string, string> }[] = [];
  const work: Promise<unknown>[] = [];
  const cluster = await policyCluster({
    auditLog: {
      append: async (texts) => {
        events.push(...texts.map((text) => JSON.parse(text)));
        return 0;
      },
    },
    waitUntil: (promise) => void work.push(promise),
  });
  const body = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'RequestResponse' }] };
  await cluster.send('PUT /kedge/v1/configuration/audit-policy', { body });
  cluster.clock.advance(2_000);
  const annotations = async (part: string): Promise<Record<string, string>> => {
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    cluster.clock.advance(1_000);
    await Promise.all(work.splice(0));
    return events.findLast(({ requestURI }) => requestURI.includes(part))?.annotations ?? {};
  };
  return { cluster, annotations };
}
