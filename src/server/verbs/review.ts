/** POST of a kind that is answered and never kept. */
import { notFound } from '../../machinery/status.ts';
import { negotiateOutput } from '../negotiation/accept.ts';
import { respondObject } from '../respond/object.ts';
import { type ResourceCall, subjectOf } from '../scope.ts';
import { admissionRequest } from './context.ts';
import { optionsObject } from './create.ts';
import { readObject } from './decode-body.ts';
import { checkNamespace } from './metadata.ts';
import { managerOf, parseWriteOptions } from './options.ts';

/** What a client sends of these is dropped before anybody looks at it. Upstream: rest.WipeObjectMetaSystemFields. */
const SYSTEM_FIELDS = ['uid', 'selfLink', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'];

export async function reviewVerb(call: ResourceCall): Promise<Response> {
  const { kind, parts, scope } = call;
  const output = negotiateOutput(scope.request, scope.query, { transforms: 'metadata' });
  const options = parseWriteOptions(scope, 'CreateOptions');
  const object = await readObject(call, kind, options);
  checkNamespace(call, object);
  for (const field of SYSTEM_FIELDS) delete (object.metadata as Record<string, unknown> | undefined)?.[field];
  const review = parts.reviews.get(kind.storedAs);
  if (!review) throw notFound(subjectOf(kind), '');
  parts.fieldOwners.recordUpdate({
    kind,
    object,
    live: undefined,
    manager: managerOf(scope, options),
    subresource: '',
    now: parts.options.clock.now(),
  });
  const request = admissionRequest(call, {
    operation: 'CREATE',
    object,
    options: optionsObject('CreateOptions', options),
    dryRun: options.dryRun,
  });
  await parts.admission.admit(request);
  await parts.admission.validate(request);
  return respondObject(call, { object: await review(object, scope), output, status: 201 });
}
