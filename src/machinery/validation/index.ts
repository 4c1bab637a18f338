/** Validators of formats and of metadata, each with upstream's messages. */
export { type Condition, validateConditions } from './conditions.ts';
export { domainPrefixedPath } from './domain-path.ts';
export {
  boundedErrors,
  counted,
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  notFoundError,
  notSupportedError,
  requiredError,
  tooLongError,
  tooManyError,
} from './field-error.ts';
export {
  cIdentifier,
  configMapKey,
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  dns1123SubdomainWithUnderscore,
  envVarName,
  httpHeaderName,
  isCIDR,
  isIP,
  isIPv4,
  isIPv6,
  isPercent,
  labelKey,
  labelValue,
  maxLengthText,
  NON_NEGATIVE,
  NOT_EMPTY,
  pathSegment,
  portName,
  portNumber,
  qualifiedName,
  rangeText,
  regexText,
  userId,
  wildcardSubdomain,
} from './formats.ts';
export {
  canonicalIP,
  canonicalWarning,
  cidr,
  ipAddress,
  isStrictSubset,
  lenientAddress,
  type Network,
  parseNetwork,
} from './ip-networks.ts';
export {
  type MetaRules,
  validateAnnotations,
  validateGenericMeta,
  validateGenericMetaUpdate,
  validateLabels,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from './object-meta.ts';
export { objectValidator } from './object-validator.ts';
