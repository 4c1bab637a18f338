/** pods/NAME/log. Upstream: registry/core/pod/rest/log.go. */

import { firstFault } from '../../machinery/fields/index.ts';
import { quote } from '../../machinery/quote.ts';
import { badRequest, type FieldError, internalError, invalid, StatusError } from '../../machinery/status.ts';
import { decodeStored } from '../encode.ts';
import { isTrue } from '../negotiation/accept.ts';
import { loadStored } from '../verbs/get.ts';
import { intFault } from '../verbs/integers.ts';
import { chooseContainer, type PodShape } from './container-choice.ts';
import type { SubresourceHandler } from './handler.ts';
import { encoderOf, logOverSocket } from './log-socket.ts';
import { askNode, ownResponse, upgradeOf } from './node-request.ts';

const BOOLEANS = ['follow', 'previous', 'timestamps'];
const NUMBERS = ['sinceSeconds', 'tailLines', 'limitBytes'];

export const logSubresource: SubresourceHandler = {
  async answer(call) {
    const { query } = call.scope;
    const pod = decodeStored(call.kind, (await loadStored(call)).text) as PodShape;
    checkOptions(call.name, query);
    const container = chooseContainer(pod, query.get('container') ?? '');
    const node = pod.spec?.nodeName;
    if (!node) return new Response(null, { status: 204, headers: { 'Cache-Control': 'no-cache, private' } });
    const params = new URLSearchParams();
    for (const name of BOOLEANS) if (query.has(name) && isTrue(query.get(name)!)) params.set(name, 'true');
    for (const name of [...NUMBERS, 'sinceTime']) {
      const value = query.get(name);
      if (value) params.set(name, value);
    }
    const search = params.size > 0 ? `?${params}` : '';
    const path = `/containerLogs/${encodeURIComponent(call.namespace)}/${encodeURIComponent(call.name)}/${encodeURIComponent(container)}${search}`;
    const accept = upgradeOf(call.scope.request) === 'websocket' ? call.parts.options.acceptWebSocket : undefined;
    const encode = accept && encoderOf(call.scope.request);
    const answer = ownResponse(await askNode(call, { node, path, plain: true }));
    if (answer.status !== 200) throw refusalOfNode(answer.status, await answer.text());
    if (accept && encode) return logOverSocket(call, answer.body, { accept, encode });
    answer.headers.set('Content-Type', 'text/plain');
    answer.headers.set('Cache-Control', 'no-cache, private');
    // A follower reads line by line; nothing on the way may gather lines to compress them.
    answer.headers.set('Content-Encoding', 'identity');
    return answer;
  },
};

/** What the node says in plain text, as a Status. Upstream: generic/rest/response_checker.go. */
function refusalOfNode(code: number, text: string): StatusError {
  if (code === 400) return badRequest(text);
  if (code === 500) return internalError(text);
  if (code === 404) return new StatusError(404, 'NotFound', text);
  return new StatusError(code, code > 500 ? 'InternalError' : 'Unknown', `an error of the node: ${text}`);
}

/** Upstream: ValidatePodLogOptions. */
function checkOptions(pod: string, query: URLSearchParams): void {
  checkForms(query);
  const errors: FieldError[] = [];
  const number = (name: string): number | undefined => (query.get(name) ? Number(query.get(name)) : undefined);
  const tail = number('tailLines');
  const limit = number('limitBytes');
  const since = number('sinceSeconds');
  if (tail !== undefined && !(tail >= 0)) errors.push(wrong('tailLines', tail, 'must be greater than or equal to 0'));
  if (limit !== undefined && !(limit >= 1)) errors.push(wrong('limitBytes', limit, 'must be greater than 0'));
  if (since !== undefined && query.get('sinceTime')) {
    errors.push({
      type: 'FieldValueForbidden',
      field: '[]',
      message: 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    });
  } else if (since !== undefined && !(since >= 1)) errors.push(wrong('sinceSeconds', since, 'must be greater than 0'));
  // Streams are told apart behind a feature that is off.
  if (query.get('stream'))
    errors.push({ type: 'FieldValueForbidden', field: 'stream', message: 'Forbidden: may not be specified' });
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, pod, errors);
}

/** What is read before anything is compared. Throws 400. */
function checkForms(query: URLSearchParams): void {
  for (const name of NUMBERS) {
    const value = query.get(name);
    const fault = value ? intFault(value) : undefined;
    if (fault) throw badRequest(`strconv.ParseInt: parsing ${quote(value!)}: ${fault}`);
  }
  const since = query.get('sinceTime');
  const fault = since ? firstFault({ type: 'time' }, since) : undefined;
  if (fault) throw badRequest(fault.message);
}

function wrong(field: string, value: number, why: string): FieldError {
  return { type: 'FieldValueInvalid', field, message: `Invalid value: ${Number.isNaN(value) ? 0 : value}: ${why}` };
}
