import type { DeviceClaim, DeviceSubRequest, ExactDeviceRequest } from '../../generated/types/resource-v1.ts';

function setRequestDefaults(request: DeviceSubRequest | ExactDeviceRequest): void {
  request.allocationMode ??= 'ExactCount';
  if (request.allocationMode === 'ExactCount') request.count ??= 1;
  for (const toleration of request.tolerations ?? []) toleration.operator ??= 'Equal';
}

/** Upstream: apis/resource/v1 SetDefaults_ExactDeviceRequest, SetDefaults_DeviceSubRequest, SetDefaults_DeviceToleration. */
export function setDeviceClaimDefaults(claim: DeviceClaim | undefined): void {
  for (const request of claim?.requests ?? []) {
    if (request.exactly) setRequestDefaults(request.exactly);
    request.firstAvailable?.forEach(setRequestDefaults);
  }
}
