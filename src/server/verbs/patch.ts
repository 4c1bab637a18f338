/** PATCH of one object. Upstream: handlers/patch.go. */
import { settleManagedFields } from '../../machinery/apply/index.ts';
import type { SubresourceDefinition } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { conflict } from '../../machinery/status.ts';
import { readBody } from '../negotiation/body.ts';
import { yamlToJson } from '../negotiation/yaml-reader.ts';
import { respondText } from '../respond/object.ts';
import { type ResourceCall, subjectOf, withConversions } from '../scope.ts';
import { checkName } from './metadata.ts';
import { managerOf, parseWriteOptions } from './options.ts';
import { outputOf } from './output.ts';
import { createPatch, patchTypeOf } from './patch-body.ts';
import { updateObject } from './update-object.ts';

export async function patchVerb(call: ResourceCall, subresource?: SubresourceDefinition): Promise<Response> {
  const { kind, parts, scope } = call;
  const output = outputOf(call);
  const type = patchTypeOf(call);
  const options = parseWriteOptions(scope, 'PatchOptions', type === 'apply');
  const sent = await readBody(scope.request);
  const patch = createPatch(call, {
    type,
    text: sent,
    options,
    subresource: subresource?.name ?? '',
  });
  if (scope.audit) scope.audit.requestPatch(jsonOf(sent));
  const manager = managerOf(scope, options);
  const { text, created } = await updateObject(call, {
    options,
    optionsKind: 'PatchOptions',
    subresource: subresource?.name ?? '',
    strategy: subresource ? (subresource.strategy ?? {}) : kind.strategy,
    generation: subresource === undefined,
    createAbsent: type === 'apply' && subresource === undefined,
    retryConflicts: true,
    transform: (live) =>
      withConversions(call, () => {
        const object = patch(live);
        if (live === undefined) checkAbsent(call, object);
        else if (type === 'apply') settleManagedFields(live, object);
        else {
          const now = parts.options.clock.now();
          parts.fieldOwners?.recordUpdate({
            kind,
            object,
            live,
            manager,
            subresource: subresource?.name ?? '',
            now,
            conversions: call.conversions,
          });
        }
        checkName(call, object);
        return object;
      }),
  });
  return respondText(call, { text, output, status: created ? 201 : 200 });
}

/** A patch that was understood, as JSON: an applied configuration may be YAML. */
function jsonOf(patch: string): string {
  const converted = yamlToJson(patch);
  return converted.error === undefined ? converted.json : JSON.stringify(patch);
}

/** An object that does not exist cannot have the UID that an applied configuration asks for. */
function checkAbsent(call: ResourceCall, object: KubeObject): void {
  const { uid } = object.metadata;
  if (!uid) return;
  const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
  throw conflict(subjectOf(call.kind), call.name, why);
}
