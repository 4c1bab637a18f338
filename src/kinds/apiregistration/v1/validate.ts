/** Rules of API services. Upstream: kube-aggregator/pkg/apis/apiregistration/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1035Label,
  dns1123Subdomain,
  invalidError,
  invalidErrors,
  notSupportedError,
  portNumber,
  requiredError,
} from '../../../machinery/validation/index.ts';
import type { APIService } from '../../generated/types/apiregistration-v1.ts';

const MAX_GROUP_PRIORITY = 20_000;
const MAX_VERSION_PRIORITY = 1000;
const STATUSES = ['True', 'False', 'Unknown'];

export function validateAPIService({ metadata, spec }: APIService): FieldError[] {
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0 } = spec;
  const errors: FieldError[] = [];
  const wanted = `${version}.${group}`;
  if (metadata.name && metadata.name !== wanted) {
    const why = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`;
    errors.push(invalidError('metadata.name', metadata.name, why));
  }
  if (group === '' && version !== 'v1')
    errors.push(requiredError('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
  if (group !== '') errors.push(...invalidErrors('spec.group', group, dns1123Subdomain(group)));
  errors.push(...invalidErrors('spec.version', version, dns1035Label(version)));
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > MAX_GROUP_PRIORITY) {
    const why = `must be positive and less than ${MAX_GROUP_PRIORITY}`;
    errors.push(invalidError('spec.groupPriorityMinimum', groupPriorityMinimum, why));
  }
  if (versionPriority <= 0 || versionPriority > MAX_VERSION_PRIORITY) {
    const why = `must be positive and less than ${MAX_VERSION_PRIORITY}`;
    errors.push(invalidError('spec.versionPriority', versionPriority, why));
  }
  return [...errors, ...validateBackend(spec)];
}

function validateBackend({ service, caBundle, insecureSkipTLSVerify = false }: APIService['spec']): FieldError[] {
  const errors: FieldError[] = [];
  const insecure = 'spec.insecureSkipTLSVerify';
  if (!service) {
    if (caBundle) {
      const bytes = (caBundle.length * 3) / 4 - (caBundle.match(/=*$/)?.[0].length ?? 0);
      errors.push(invalidError('spec.caBundle', `${bytes} bytes`, 'local APIServices may not have a caBundle'));
    }
    if (insecureSkipTLSVerify)
      errors.push(invalidError(insecure, true, 'local APIServices may not have insecureSkipTLSVerify'));
    return errors;
  }
  if (!service.namespace) errors.push(requiredError('spec.service.namespace'));
  if (!service.name) errors.push(requiredError('spec.service.name'));
  const port = service.port ?? 0;
  const faults = portNumber(port);
  if (faults.length > 0)
    errors.push(invalidError('spec.service.port', port, `port is not valid: ${faults.join(', ')}`));
  if (insecureSkipTLSVerify && caBundle)
    errors.push(invalidError(insecure, true, 'may not be true if caBundle is present'));
  return errors;
}

export const validateAPIServiceStatus = ({ status }: APIService): FieldError[] =>
  (status?.conditions ?? []).flatMap((condition, index) =>
    STATUSES.includes(condition.status)
      ? []
      : [notSupportedError(`status.conditions[${index}].status`, condition.status, STATUSES)],
  );
