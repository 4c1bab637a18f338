import type { Library } from '../declaration.ts';
import { authorizerLibrary } from './authorizer.ts';
import { formatLibrary } from './formats.ts';
import { kubernetesListsLibrary, listsLibrary, setsLibrary } from './lists.ts';
import { networkLibrary } from './network.ts';
import { optionalLibrary } from './optionals.ts';
import { quantityLibrary } from './quantity.ts';
import { regexLibrary } from './regexes.ts';
import { semverLibrary } from './semver.ts';
import { standardLibrary } from './standard.ts';
import { stringsLibrary } from './strings.ts';
import { urlsLibrary } from './urls.ts';

export { authorizerValue, resourceCheckValue } from './authorizer.ts';
export { hostTypes } from './host-types.ts';
export { CelQuantity } from './quantity.ts';
export type { CelSemver } from './semver.ts';

/** What every environment offers. Upstream: pkg/cel/environment/base.go of 1.36 */
export function baseLibraries(): readonly Library[] {
  return [
    standardLibrary(),
    urlsLibrary(),
    regexLibrary(),
    kubernetesListsLibrary(),
    authorizerLibrary(),
    optionalLibrary(),
    quantityLibrary(),
    stringsLibrary(),
    setsLibrary(),
    networkLibrary(),
    formatLibrary(),
    semverLibrary(),
    listsLibrary(),
  ];
}

/** What mutating policies have besides. Upstream: pkg/cel/library/jsonpatch.go */
export function jsonPatchLibrary(): Library {
  const escapeKey = (key: string) => key.replace(/[~/]/g, (character) => (character === '~' ? '~0' : '~1'));
  return { 'jsonpatch.escapeKey': { 'string_jsonpatch_escapeKey_string(string) -> string': escapeKey } };
}
