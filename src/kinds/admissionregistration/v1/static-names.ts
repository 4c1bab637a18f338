import type { Strategy } from '../../../machinery/kind.ts';
import type { KubeObject } from '../../../machinery/meta.ts';

const SUFFIX = '.static.k8s.io';

/** Upstream: WarningsForStaticSuffix. */
function warnings({ metadata }: KubeObject): string[] {
  if (!metadata.name?.endsWith(SUFFIX)) return [];
  const why = `names ending with "${SUFFIX}" are reserved for static manifest-based configurations`;
  return [`metadata.name: ${why} and cannot be managed via the API`];
}

/** Warns of names that configurations from files have upstream. */
export const staticNameWarnings: Pick<Strategy, 'warningsOnCreate' | 'warningsOnUpdate'> = {
  warningsOnCreate: warnings,
  warningsOnUpdate: warnings,
};
