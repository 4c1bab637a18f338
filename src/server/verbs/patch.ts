/** PATCH of one object. Upstream: handlers/patch.go. */
import type { SubresourceDefinition } from '../../machinery/kind.ts';
import { methodNotAllowed } from '../errors.ts';
import type { ResourceCall } from '../scope.ts';

export async function patchVerb(_call: ResourceCall, _subresource?: SubresourceDefinition): Promise<Response> {
  throw methodNotAllowed();
}
