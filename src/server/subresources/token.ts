/** serviceaccounts/NAME/token. Upstream: registry/core/serviceaccount/storage/token.go. */
import { objectSchema } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { apiTime } from '../../machinery/time.ts';
import { decodeStored } from '../encode.ts';
import { negotiateOutput } from '../negotiation/accept.ts';
import { respondObject } from '../respond/object.ts';
import { admissionRequest } from '../verbs/context.ts';
import { optionsObject } from '../verbs/create.ts';
import { type BodyType, readObject } from '../verbs/decode-body.ts';
import { loadStored } from '../verbs/get.ts';
import { checkNamespace } from '../verbs/metadata.ts';
import { managerOf, parseWriteOptions } from '../verbs/options.ts';
import type { SubresourceHandler } from './handler.ts';

const DEFAULT_SECONDS = 3_600;

interface TokenRequest extends KubeObject {
  spec?: { expirationSeconds?: number };
}

const tokenType = (): BodyType => ({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  schema: objectSchema('authentication.k8s.io/v1.TokenRequest'),
  defaults(object: TokenRequest) {
    object.spec ??= {};
    object.spec.expirationSeconds ??= DEFAULT_SECONDS;
  },
});

export const tokenSubresource: SubresourceHandler = {
  async answer(call) {
    const { parts, scope } = call;
    const output = negotiateOutput(scope.request, scope.query, { transforms: 'metadata' });
    const options = parseWriteOptions(scope, 'CreateOptions');
    const type = tokenType();
    const request = await readObject(call, type, options);
    checkNamespace(call, request);
    parts.fieldOwners.recordUpdate({
      kind: {
        ...call.kind,
        group: type.group,
        version: type.version,
        kind: type.kind,
        schema: type.schema,
        subresources: [],
        strategy: {},
      },
      object: request,
      live: undefined,
      manager: managerOf(scope, options),
      subresource: 'token',
      now: parts.options.clock.now(),
    });
    const admission = admissionRequest(call, {
      operation: 'CREATE',
      subresource: 'token',
      object: request,
      options: optionsObject('CreateOptions', options),
      dryRun: options.dryRun,
    });
    await parts.admission.admit(admission);
    const account = decodeStored(call.kind, (await loadStored(call)).text);
    await parts.admission.validate(admission);
    const answer = await parts.mintToken(account, request);
    answer.metadata.creationTimestamp ??= apiTime(parts.options.clock.now());
    return respondObject(call, {
      object: answer,
      output,
      status: 201,
      form: { ...type, columns: [], cells: () => [] },
    });
  },
};
