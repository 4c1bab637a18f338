/** The gRPC health protocol, `grpc.health.v1.Health/Check`. Upstream: pkg/probe/grpc. */
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { systemClock } from '../../base/clock.ts';
import { messageOf } from '../log.ts';
import type { ProbePlugin, ProbeResult } from './contract.ts';
import { resolvePort } from './port.ts';

const CHECK = '/grpc.health.v1.Health/Check';
const SERVING = 1;
const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const VARINT_FIELD_1 = 0x08;
const BYTES_FIELD_1 = 0x0a;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7f; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
  return [...bytes, left];
}

/** HealthCheckRequest: `service = 1`. */
function encodeRequest(service: string): Buffer {
  if (service === '') return Buffer.alloc(0);
  const text = Buffer.from(service);
  return Buffer.concat([Buffer.from([BYTES_FIELD_1, ...varint(text.length)]), text]);
}

/** HealthCheckResponse: `status = 1`; an absent field is 0. */
const decodeStatus = (bytes: Buffer): number => (bytes[0] === VARINT_FIELD_1 ? (bytes[1] ?? 0) : 0);

function failureOf(error: ServiceError, address: string, seconds: number): ProbeResult {
  const output = (() => {
    if (error.code === status.UNIMPLEMENTED)
      return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.details}`;
    if (error.code === status.DEADLINE_EXCEEDED) return `timeout: health rpc did not complete within ${seconds}s`;
    if (error.code === status.UNAVAILABLE)
      return `error: failed to connect service at ${JSON.stringify(address)}: ${error.details}`;
    return `error: health rpc probe failed: ${error.details}`;
  })();
  return { outcome: 'failure', output };
}

function check(address: string, service: string, seconds: number): Promise<ProbeResult> {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.primary_user_agent': 'kube-probe/1.36',
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
  });
  return new Promise<ProbeResult>((resolve) => {
    const limits = { deadline: systemClock.now() + seconds * 1000 };
    client.makeUnaryRequest(CHECK, encodeRequest, decodeStatus, service, limits, (error, answer) => {
      if (error) return resolve(failureOf(error, address, seconds));
      if (answer === SERVING) return resolve({ outcome: 'success', output: 'service healthy' });
      const name = STATUS_NAMES[answer ?? 0] ?? String(answer);
      resolve({ outcome: 'failure', output: `service unhealthy (responded with ${JSON.stringify(name)})` });
    });
  }).finally(() => client.close());
}

export const grpcProbe: ProbePlugin = {
  handles: (probe) => probe.grpc !== undefined,
  async run({ probe, container, podIP, timeout }) {
    try {
      const port = resolvePort(container, probe.grpc?.port ?? 0);
      const address = `${podIP.includes(':') ? `[${podIP}]` : podIP}:${port}`;
      return await check(address, probe.grpc?.service ?? '', timeout);
    } catch (error) {
      return { outcome: 'unknown', output: messageOf(error) };
    }
  },
};
