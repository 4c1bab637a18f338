import type {
  DeviceClaim,
  DeviceSubRequest,
  DeviceToleration,
  ExactDeviceRequest,
} from '../../generated/types/resource-v1.ts';

export function setTolerationDefaults(tolerations: readonly DeviceToleration[] | undefined): void {
  for (const toleration of tolerations ?? []) toleration.operator ??= 'Equal';
}

function setRequestDefaults(request: DeviceSubRequest | ExactDeviceRequest): void {
  request.allocationMode ??= 'ExactCount';
  if (request.allocationMode === 'ExactCount') request.count ??= 1;
  setTolerationDefaults(request.tolerations);
}

/** Upstream: apis/resource/v1 SetDefaults_ExactDeviceRequest, SetDefaults_DeviceSubRequest, SetDefaults_DeviceToleration. */
export function setDeviceClaimDefaults(claim: DeviceClaim | undefined): void {
  for (const request of claim?.requests ?? []) {
    if (request.exactly) setRequestDefaults(request.exactly);
    request.firstAvailable?.forEach(setRequestDefaults);
  }
}
