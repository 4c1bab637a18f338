import { hostOf, opaqueOf } from '../cel-type.ts';
import type { CelType } from '../contract.ts';

export const urlType = hostOf('kubernetes.URL');
export const quantityType = hostOf('kubernetes.Quantity');
export const semverType = hostOf('kubernetes.Semver');
export const formatType = hostOf('kubernetes.NamedFormat');
export const ipType = opaqueOf('net.IP');
export const cidrType = opaqueOf('net.CIDR');
export const authorizerType = hostOf('kubernetes.authorization.Authorizer');
export const pathCheckType = hostOf('kubernetes.authorization.PathCheck');
export const groupCheckType = hostOf('kubernetes.authorization.GroupCheck');
export const resourceCheckType = hostOf('kubernetes.authorization.ResourceCheck');
export const decisionType = hostOf('kubernetes.authorization.Decision');

/** Library types by the names that signatures use. */
export function hostTypes(): ReadonlyMap<string, CelType> {
  return new Map([
    ['URL', urlType],
    ['Quantity', quantityType],
    ['Semver', semverType],
    ['Format', formatType],
    ['IP', ipType],
    ['CIDR', cidrType],
    ['Authorizer', authorizerType],
    ['PathCheck', pathCheckType],
    ['GroupCheck', groupCheckType],
    ['ResourceCheck', resourceCheckType],
    ['Decision', decisionType],
  ]);
}
