/** Fields that custom resources can be selected by. Upstream: registry/customresource/strategy.go selectableFields. */
import { compileJsonPath, type JsonPath } from '../../machinery/json-path.ts';
import type { Kind } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type { CustomResourceDefinitionVersion } from '../generated/types/apiextensions-v1.ts';

const compiled = new WeakMap<object, Map<string, JsonPath>>();

const nameOf = (jsonPath: string): string => jsonPath.replace(/^\./, '');

/** The names of a version's fields in selectors. */
export const selectableFields = (version: CustomResourceDefinitionVersion): string[] =>
  (version.selectableFields ?? []).map(({ jsonPath }) => nameOf(jsonPath));

/** The values of the selectable fields of all versions in a stored object. */
export function readSelectable(
  versions: readonly CustomResourceDefinitionVersion[],
  object: KubeObject,
): Record<string, string> {
  let paths = compiled.get(versions);
  if (paths === undefined) {
    paths = new Map();
    for (const { selectableFields: fields } of versions) {
      for (const { jsonPath } of fields ?? []) {
        const path = compileJsonPath(jsonPath);
        if (path) paths.set(nameOf(jsonPath), path);
      }
    }
    compiled.set(versions, paths);
  }
  const fields: Record<string, string> = {};
  for (const [name, path] of paths) {
    const [value] = path(object);
    fields[name] = value === undefined || value === null ? '' : String(value);
  }
  return fields;
}

/**
 * How storage knows the fields of one version where a webhook converts: the same field may have another value in each
 * version, so each has names of its own.
 */
export function fieldsOfVersion(version: CustomResourceDefinitionVersion): Pick<Kind, 'storedFields' | 'fieldsOf'> {
  const stored = (name: string): string => `${version.name}/${name}`;
  const versions = [version];
  return {
    storedFields: Object.fromEntries(selectableFields(version).map((name) => [name, stored(name)])),
    fieldsOf: (object) =>
      Object.fromEntries(
        Object.entries(readSelectable(versions, object)).map(([name, value]) => [stored(name), value]),
      ),
  };
}
