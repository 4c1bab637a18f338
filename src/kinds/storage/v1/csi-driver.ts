import { csiDriverCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import { equalJson } from '../../equal-json.ts';
import type { CSIDriver } from '../../generated/types/storage-v1.ts';
import { raiseGeneration } from '../../strategy.ts';
import { validateDriver, validateDriverUpdate } from './validate-csi.ts';

const TOKENS_IN_ATTRIBUTES =
  'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes';

function dropGated(spec: CSIDriver['spec']): void {
  delete spec.preventPodSchedulingIfMissing;
}

const warnOfTokens = ({ spec }: CSIDriver): string[] =>
  spec.tokenRequests?.length && spec.serviceAccountTokenInSecrets === undefined ? [TOKENS_IN_ATTRIBUTES] : [];

export const csiDrivers = defineKind<CSIDriver>('storage.k8s.io/v1/csidrivers', {
  defaults({ spec }) {
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    spec.volumeLifecycleModes ??= ['Persistent'];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  strategy: {
    /** The field of a feature that is off. */
    prepareForCreate: ({ spec }) => dropGated(spec),
    prepareForUpdate: (driver, old) => {
      if (old.spec.preventPodSchedulingIfMissing === undefined) dropGated(driver.spec);
      if (!equalJson(driver.spec, old.spec)) raiseGeneration(driver, old);
    },
    validateCreate: validateDriver,
    validateUpdate: validateDriverUpdate,
    warningsOnCreate: warnOfTokens,
    warningsOnUpdate: (driver, old) =>
      equalJson(driver.spec.tokenRequests ?? [], old.spec.tokenRequests ?? []) ? [] : warnOfTokens(driver),
  },
  cells: csiDriverCells,
});
