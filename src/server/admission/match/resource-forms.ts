/** Under which names one object can be reached. Upstream: apimachinery/pkg/runtime EquivalentResourceRegistry. */
import type { Kind, KindRegistry } from '../../../machinery/kind.ts';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A resource under which the objects of a request are served, and the kind its bodies have there. */
export interface ResourceForm {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: GroupVersionKind;
  /** The kind of the resource itself, also where a subresource has bodies of another one. */
  readonly of: Kind;
}

/** The resource of a request as the client named it. */
export function resourceForm(kind: Kind, subresource: string): ResourceForm {
  const { group, version, resource } = kind;
  return { group, version, resource, kind: bodyKind(kind, subresource), of: kind };
}

/** The other resources that serve the same objects and have the same subresource. */
export function equivalentForms(kinds: KindRegistry, kind: Kind, subresource: string): ResourceForm[] {
  const others = kinds.all().filter((other) => other.storedAs === kind.storedAs && !isSame(other, kind));
  return (
    others
      .filter((other) => subresource === '' || other.subresources.some(({ name }) => name === subresource))
      // What lists all kinds shows custom ones without their schemas.
      .map((other) => resourceForm(kind.inVersion?.(other.version) ?? other, subresource))
  );
}

const isSame = (a: Kind, b: Kind): boolean =>
  a.group === b.group && a.version === b.version && a.resource === b.resource;

function bodyKind(kind: Kind, subresource: string): GroupVersionKind {
  const definition = subresource === '' ? undefined : kind.subresources.find(({ name }) => name === subresource);
  return {
    group: definition?.group ?? kind.group,
    version: definition?.version ?? kind.version,
    kind: definition?.kind ?? kind.kind,
  };
}
