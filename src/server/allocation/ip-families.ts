/** IP families of a Service in a cluster that has IPv4 only. Upstream: registry/core/service/storage/alloc.go initIPFamilyFields. */
import type { Service } from '../../kinds/index.ts';
import { type FieldError, invalid } from '../../machinery/status.ts';

const FAMILY = 'IPv4';
const OTHER_FAMILY = 'IPv6';

export const needsClusterIP = (service: Service): boolean => service.spec?.type !== 'ExternalName';
export const isHeadless = (service: Service): boolean => service.spec?.clusterIP === 'None';

/** Fills ipFamilies and ipFamilyPolicy. Throws 422 for families the cluster lacks. */
export function setFamilies(service: Service, old: Service | undefined): void {
  service.spec ??= {};
  const { spec } = service;
  if (!needsClusterIP(service)) return;
  if (old && needsClusterIP(old)) {
    spec.ipFamilyPolicy ??= old.spec?.ipFamilyPolicy;
    if (!spec.ipFamilies?.length && old.spec?.ipFamilies) spec.ipFamilies = [...old.spec.ipFamilies];
  }
  const families = spec.ipFamilies ?? [];
  const selectorless = isHeadless(service) && Object.keys(spec.selector ?? {}).length === 0;
  if (selectorless) {
    spec.ipFamilyPolicy ??= families.length === 1 ? 'SingleStack' : 'RequireDualStack';
    if (families.length === 0) families.push(FAMILY);
    if (families.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
      families.push(families[0] === FAMILY ? OTHER_FAMILY : FAMILY);
    }
    spec.ipFamilies = families;
    return;
  }
  const errors = familyErrors(spec.ipFamilyPolicy, families);
  if (errors.length > 0) throw invalid({ group: '', kind: 'Service' }, service.metadata.name ?? '', errors);
  spec.ipFamilyPolicy ??= 'SingleStack';
  spec.ipFamilies = [FAMILY];
}

function familyErrors(policy: string | undefined, families: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  const wrong = (field: string, value: string, why: string): void => {
    errors.push({ type: 'FieldValueInvalid', field, message: `Invalid value: ${JSON.stringify(value)}: ${why}` });
  };
  if (policy === 'RequireDualStack') {
    wrong('spec.ipFamilyPolicy', policy, 'this cluster is not configured for dual-stack services');
  }
  families.forEach((family, index) => {
    if (family !== FAMILY) wrong(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster');
  });
  return errors;
}
