import { ipAddressCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { IPAddress } from '../../generated/types/networking-v1.ts';
import { validateIPAddress, validateIPAddressUpdate } from './validate-addresses.ts';

export const ipAddresses = defineKind<IPAddress>('networking.k8s.io/v1/ipaddresses', {
  strategy: { validateCreate: validateIPAddress, validateUpdate: validateIPAddressUpdate },
  generatedNames: 'asGiven',
  cells: ipAddressCells,
});
