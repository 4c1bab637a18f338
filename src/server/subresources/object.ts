/** Subresources that read and write the object itself under another strategy: status, finalize, approval, resize … */
import { methodNotAllowed } from '../errors.ts';
import { getVerb } from '../verbs/get.ts';
import { patchVerb } from '../verbs/patch.ts';
import { updateVerb } from '../verbs/update.ts';
import type { SubresourceHandler } from './handler.ts';

export const objectSubresource: SubresourceHandler = {
  async answer(call, definition) {
    switch (call.scope.info.verb) {
      case 'get':
        return getVerb(call);
      case 'update':
        return updateVerb(call, definition);
      case 'patch':
        return patchVerb(call, definition);
      default:
        throw methodNotAllowed();
    }
  },
};
