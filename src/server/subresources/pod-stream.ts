/** pods/NAME/exec, attach and portforward. Upstream: registry/core/pod/rest/subresources.go. */
import type { KubeObject } from '../../machinery/meta.ts';
import { quote } from '../../machinery/quote.ts';
import { badRequest } from '../../machinery/status.ts';
import { decodeStored } from '../encode.ts';
import { attributesOf, authorize } from '../filters/authorization.ts';
import { isTrue } from '../negotiation/accept.ts';
import type { ResourceCall } from '../scope.ts';
import { admissionRequest } from '../verbs/context.ts';
import { loadStored } from '../verbs/get.ts';
import { chooseContainer, type PodShape } from './container-choice.ts';
import type { SubresourceHandler } from './handler.ts';
import { askNode, ownResponse, requireWebSocket } from './node-request.ts';

/** The kubelet's names of the stream switches. */
const STREAMS: Record<string, string> = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' };

function streamSubresource(verb: 'exec' | 'attach' | 'portForward', optionsKind: string): SubresourceHandler {
  return {
    async answer(call) {
      const { parts, scope } = call;
      // A GET that opens a socket runs commands like a POST, so it needs the right to create as well.
      if (scope.request.method === 'GET') await authorize(parts, { ...attributesOf(scope), verb: 'create' });
      const connect = admissionRequest(call, {
        operation: 'CONNECT',
        subresource: scope.info.subresource,
        options: connectOptions(optionsKind, scope.query),
        dryRun: false,
      });
      await parts.admission.admit(connect);
      await parts.admission.validate(connect);
      const pod = decodeStored(call.kind, (await loadStored(call)).text) as PodShape;
      const container = verb === 'portForward' ? '' : chooseContainer(pod, scope.query.get('container') ?? '');
      const node = pod.spec?.nodeName;
      if (!node) throw badRequest(`pod ${call.name} does not have a host assigned`);
      requireWebSocket(scope.request);
      return ownResponse(await askNode(call, { node, path: pathOf(call, verb, container) }));
    },
  };
}

/** The options of a connection as admission sees them. */
function connectOptions(kind: string, query: URLSearchParams): KubeObject {
  const options: Record<string, unknown> = { kind, apiVersion: 'v1' };
  for (const name of Object.keys(STREAMS)) if (query.has(name) && isTrue(query.get(name)!)) options[name] = true;
  if (query.get('container')) options.container = query.get('container');
  if (query.has('command')) options.command = query.getAll('command');
  const ports = query.getAll('ports').flatMap((text) => (text === '' ? [] : text.split(',').map(portOf)));
  if (ports.length > 0) options.ports = ports;
  return options as KubeObject;
}

/** Throws 400. */
function portOf(text: string): number {
  const port = Number(text);
  const why = !/^\d+$/.test(text) ? 'invalid syntax' : port > 65_535 ? 'value out of range' : undefined;
  if (why === undefined) return port;
  throw badRequest(`cannot convert to []int32: strconv.ParseUint: parsing ${quote(text)}: ${why}`);
}

function pathOf(call: ResourceCall, verb: string, container: string): string {
  const { query } = call.scope;
  const params = new URLSearchParams();
  if (verb === 'portForward')
    for (const ports of query.getAll('ports')) for (const port of ports.split(',')) params.append('port', port);
  else {
    for (const [name, param] of Object.entries(STREAMS))
      if (query.has(name) && isTrue(query.get(name)!)) params.set(param, '1');
    for (const part of query.getAll('command')) params.append('command', part);
  }
  const target = [call.namespace, call.name, ...(container === '' ? [] : [container])]
    .map(encodeURIComponent)
    .join('/');
  return `/${verb}/${target}${params.size > 0 ? `?${params}` : ''}`;
}

export const execSubresource = streamSubresource('exec', 'PodExecOptions');
export const attachSubresource = streamSubresource('attach', 'PodAttachOptions');
export const portForwardSubresource = streamSubresource('portForward', 'PodPortForwardOptions');
