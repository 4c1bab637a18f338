/** What a node may do to Node objects. */
import { equalJson, type Node } from '../../../kinds/index.ts';
import type { AdmissionRequest } from '../../contract.ts';
import { refusal } from '../requests.ts';

const ALLOWED_LABELS = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
]);
const ALLOWED_DOMAINS = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
const RESERVED_DOMAINS = ['kubernetes.io', 'k8s.io'];
const RESTRICTED_DOMAINS = ['node-restriction.kubernetes.io'];

export function checkNodeObject(request: AdmissionRequest, node: string): void {
  const object = request.object as Node | undefined;
  const name = request.operation === 'CREATE' ? (object?.metadata.name ?? '') : request.name;
  if (name !== node) {
    throw refusal(request, `node ${JSON.stringify(node)} is not allowed to modify node ${JSON.stringify(name)}`);
  }
  if (!object) return;
  const who = `node ${JSON.stringify(node)} is not allowed to`;
  if (request.operation === 'CREATE') {
    if (object.spec?.configSource) throw refusal(request, `${who} create pods with a non-nil configSource`);
    const forbidden = forbiddenLabels(object.metadata.labels, undefined);
    if (forbidden.length > 0) throw refusal(request, `${who} set the following labels: ${forbidden.join(', ')}`);
    return;
  }
  const old = request.oldObject as Node;
  const source = object.spec?.configSource;
  if (source && differ(source, old.spec?.configSource)) {
    throw refusal(request, `${who} update configSource to a new non-nil configSource`);
  }
  if (differ(object.spec?.taints, old.spec?.taints)) throw refusal(request, `${who} modify taints`);
  if (differ(object.metadata.ownerReferences, old.metadata.ownerReferences)) {
    throw refusal(request, `${who} modify ownerReferences`);
  }
  const forbidden = forbiddenLabels(object.metadata.labels, old.metadata.labels);
  if (forbidden.length > 0) throw refusal(request, `is not allowed to modify labels: ${forbidden.join(', ')}`);
}

/** Labels that were set, changed or removed and that a node must leave alone, sorted. */
function forbiddenLabels(labels: Record<string, string> = {}, old: Record<string, string> = {}): string[] {
  const changed = [...Object.keys(labels), ...Object.keys(old)].filter((key) => labels[key] !== old[key]);
  return [...new Set(changed)].filter(isForbidden).sort();
}

function isForbidden(key: string): boolean {
  const slash = key.indexOf('/');
  const domain = slash < 0 ? '' : key.slice(0, slash);
  if (isIn(domain, RESTRICTED_DOMAINS)) return true;
  return isIn(domain, RESERVED_DOMAINS) && !ALLOWED_LABELS.has(key) && !isIn(domain, ALLOWED_DOMAINS);
}

const isIn = (domain: string, domains: readonly string[]): boolean =>
  domains.some((one) => domain === one || domain.endsWith(`.${one}`));

const differ = (a: unknown, b: unknown): boolean => !equalJson(a ?? [], b ?? []);
