import { parseQuantity } from '../../../../machinery/quantity.ts';
import type { Container, EphemeralContainer, HTTPGetAction, Probe } from '../../../generated/types/core-v1.ts';

const IMAGE =
  /^(?:[A-Za-z0-9.-]+(?::\d+)?\/|\[[0-9a-fA-F:]+\](?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::([\w][\w.-]{0,127}))?(@[A-Za-z][\w+.-]*:[0-9a-fA-F]{32,})?$/;

const MAX_IMAGE_NAME = 255;

/** What tag and digest follow. */
function nameLength(image: string): number {
  const digest = image.indexOf('@');
  const name = digest < 0 ? image : image.slice(0, digest);
  const tag = name.indexOf(':', name.lastIndexOf('/') + 1);
  return tag < 0 ? name.length : tag;
}

/** `Always` for an image that is, or means, `:latest`. Upstream: util/parsers.ParseImageName. */
export function defaultPullPolicy(image: string | undefined): string {
  const match = IMAGE.exec(image ?? '');
  if (!match || nameLength(match[0]) > MAX_IMAGE_NAME) return 'IfNotPresent';
  const tag = match[1] ?? (match[2] === undefined ? 'latest' : '');
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

/** Quantities of resources are whole thousandths. Upstream: apis/core/v1 SetDefaults_ResourceList. */
function roundQuantities(list: Record<string, string> | undefined): void {
  for (const [name, text] of Object.entries(list ?? {})) {
    // Only the small suffixes and fractions can be finer.
    if (list && /[nu.]/.test(text)) list[name] = parseQuantity(text).roundUp(MILLI).toString();
  }
}

const MILLI = -3;

/** Upstream: apis/core/v1 SetDefaults_Container and what hangs off it. */
export function setContainerDefaults(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ??= defaultPullPolicy(container.image);
  roundQuantities(container.resources?.limits);
  roundQuantities(container.resources?.requests);
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
  for (const port of container.ports ?? []) port.protocol ??= 'TCP';
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ??= 'v1';
    if (valueFrom?.fileKeyRef) valueFrom.fileKeyRef.optional ??= false;
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe) setProbeDefaults(probe);
  }
  for (const handler of [container.lifecycle?.postStart, container.lifecycle?.preStop]) {
    if (handler?.httpGet) setHTTPGetDefaults(handler.httpGet);
  }
}

function setProbeDefaults(probe: Probe): void {
  probe.timeoutSeconds ??= 1;
  probe.periodSeconds ??= 10;
  probe.successThreshold ??= 1;
  probe.failureThreshold ??= 3;
  if (probe.httpGet) setHTTPGetDefaults(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

function setHTTPGetDefaults(action: HTTPGetAction): void {
  action.path ??= '/';
  action.scheme ??= 'HTTP';
}
