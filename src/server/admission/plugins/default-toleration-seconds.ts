/** Pods stay five minutes on nodes that are lost. Upstream: plugin/pkg/admission/defaulttolerationseconds. */
import type { Toleration } from '../../../kinds/index.ts';
import type { AdmissionPlugin } from '../../contract.ts';
import { isPod, podOf } from '../requests.ts';

const SECONDS = 300;
const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const;

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  handles: (request) => isPod(request, 'CREATE', 'UPDATE'),
  admit(request) {
    const { spec } = podOf(request);
    const tolerations = spec.tolerations ?? [];
    const missing = KEYS.filter((key) => !tolerations.some((toleration) => covers(toleration, key)));
    if (missing.length === 0) return;
    const added = missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS }));
    spec.tolerations = [...tolerations, ...added];
  },
};

const covers = ({ key, effect }: Toleration, wanted: string): boolean =>
  (!key || key === wanted) && (!effect || effect === 'NoExecute');
