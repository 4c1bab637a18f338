/** PUT of one object, or of a subresource that writes it. Upstream: handlers/update.go. */
import { copyJson } from '../../machinery/copy-json.ts';
import { shareSentEmpty } from '../../machinery/explicit-empty.ts';
import type { SubresourceDefinition } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { respondText } from '../respond/object.ts';
import { type ResourceCall, withConversions } from '../scope.ts';
import { readObject } from './decode-body.ts';
import { checkName, dedupOwners } from './metadata.ts';
import { managerOf, parseWriteOptions } from './options.ts';
import { outputOf } from './output.ts';
import { updateObject } from './update-object.ts';

export async function updateVerb(call: ResourceCall, subresource?: SubresourceDefinition): Promise<Response> {
  const { kind, parts, scope } = call;
  const output = outputOf(call);
  const options = parseWriteOptions(scope, 'UpdateOptions');
  const body = await readObject(call, kind, options);
  checkName(call, body);
  dedupOwners(scope, body, 'before admission');
  const manager = managerOf(scope, options);
  const { text, created } = await updateObject(call, {
    options,
    optionsKind: 'UpdateOptions',
    subresource: subresource?.name ?? '',
    strategy: subresource ? (subresource.strategy ?? {}) : kind.strategy,
    generation: subresource === undefined,
    uid: body.metadata.uid ?? '',
    createAbsent: subresource === undefined && kind.allowCreateOnUpdate,
    transform: (live) =>
      withConversions(call, () => {
        // Only a write that names no version is tried again, and changes the body each time.
        const object = body.metadata.resourceVersion ? body : copyOf(body);
        parts.fieldOwners.recordUpdate({
          kind,
          object,
          live,
          manager,
          subresource: subresource?.name ?? '',
          now: parts.options.clock.now(),
          conversions: call.conversions,
        });
        return object;
      }),
  });
  return respondText(call, { text, output, status: created ? 201 : 200 });
}

function copyOf(body: KubeObject): KubeObject {
  const copy = copyJson(body);
  shareSentEmpty(body, copy);
  return copy;
}
