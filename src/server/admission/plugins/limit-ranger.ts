/** Holds pods and claims to the LimitRanges of their namespace. Upstream: plugin/pkg/admission/limitranger. */
import {
  amountsOf,
  type Container,
  type LimitRange,
  type LimitRangeItem,
  type PersistentVolumeClaim,
  type PodSpec,
  podAmounts,
} from '../../../kinds/index.ts';
import { aggregate } from '../../authz/rbac.ts';
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest } from '../../contract.ts';
import { limitErrors, type Measured } from '../limits.ts';
import { isPod, isPodCreate, podOf, refusal } from '../requests.ts';

const RANGES = 'limitranges';
const ANNOTATION = 'kubernetes.io/limit-ranger';

export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  handles: (request) => isPodCreate(request) || isResize(request) || isClaimWrite(request),
  admit(request, context) {
    if (!isPodCreate(request)) return;
    for (const range of rangesOf(request, context)) setDefaults(request, range);
  },
  validate(request, context) {
    for (const range of rangesOf(request, context)) {
      const errors = isClaimWrite(request) ? claimErrors(request, range) : podErrors(podOf(request).spec, range);
      if (errors.length > 0) throw refusal(request, aggregate(errors));
    }
  },
};

const isResize = (request: AdmissionRequest): boolean =>
  request.subresource === 'resize' && isPod({ ...request, subresource: '' }, 'UPDATE');

const isClaimWrite = ({ kind, subresource, operation }: AdmissionRequest): boolean =>
  kind.storedAs === 'persistentvolumeclaims' &&
  subresource === '' &&
  (operation === 'CREATE' || operation === 'UPDATE');

function rangesOf(request: AdmissionRequest, { config }: AdmissionContext): readonly LimitRange[] {
  if (request.oldObject?.metadata.deletionTimestamp !== undefined) return [];
  return config.list<LimitRange>(RANGES, request.namespace);
}

function setDefaults(request: AdmissionRequest, range: LimitRange): void {
  const pod = podOf(request);
  const items = (range.spec?.limits ?? []).filter((item) => item.type === 'Container');
  const requests = Object.assign({}, ...items.map((item) => item.defaultRequest ?? {})) as Record<string, string>;
  const limits = Object.assign({}, ...items.map((item) => item.default ?? {})) as Record<string, string>;
  const notes: string[] = [];
  const groups: [string, Container[] | undefined][] = [
    ['container', pod.spec.containers],
    ['init container', pod.spec.initContainers],
  ];
  for (const [kind, containers] of groups) {
    for (const container of containers ?? []) {
      container.resources ??= {};
      const { resources } = container;
      const set = (field: 'requests' | 'limits', defaults: Record<string, string>): void => {
        const missing = Object.keys(defaults).filter((name) => resources[field]?.[name] === undefined);
        if (missing.length === 0) return;
        resources[field] = { ...resources[field] };
        for (const name of missing) (resources[field] as Record<string, string>)[name] = defaults[name] as string;
        notes.push(`${missing.sort().join(', ')} ${field.slice(0, -1)} for ${kind} ${container.name}`);
      };
      set('requests', requests);
      set('limits', limits);
    }
  }
  if (notes.length === 0) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}`,
  };
}

function podErrors(spec: PodSpec, range: LimitRange): string[] {
  return (range.spec?.limits ?? []).flatMap((item) => {
    if (item.type === 'Container') {
      return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
        limitErrors(item, { requests: amountsOf(resources?.requests), limits: amountsOf(resources?.limits) }),
      );
    }
    return item.type === 'Pod' ? limitErrors(item, podTotals(spec)) : [];
  });
}

const podTotals = (spec: PodSpec): Measured => ({
  requests: podAmounts(spec, 'requests', { overhead: false }),
  limits: podAmounts(spec, 'limits', { overhead: false }),
});

function claimErrors(request: AdmissionRequest, range: LimitRange): string[] {
  const claim = request.object as unknown as PersistentVolumeClaim;
  const requests = amountsOf(claim.spec?.resources?.requests);
  const items: LimitRangeItem[] = (range.spec?.limits ?? []).filter((item) => item.type === 'PersistentVolumeClaim');
  return items.flatMap((item) => limitErrors(item, { requests }));
}
