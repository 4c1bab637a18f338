/** Probes and lifecycle handlers. Upstream: core/validation validateProbe, validateHandler, validateLifecycle. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  forbiddenError,
  httpHeaderName,
  invalidError,
  invalidErrors,
  NON_NEGATIVE,
  notSupportedError,
  portName,
  portNumber,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import type { Container, LifecycleHandler, Probe } from '../../../generated/types/core-v1.ts';

const SCHEMES = ['HTTP', 'HTTPS'];
const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

type Handler = LifecycleHandler & Pick<Probe, 'grpc'>;

/** A port by number or by name. */
export function validatePort(port: number | string | undefined, path: string): FieldError[] {
  return typeof port === 'string'
    ? invalidErrors(path, port, portName(port))
    : invalidErrors(path, port ?? 0, portNumber(port ?? 0));
}

function validateHandler(handler: Handler, path: string, graceSeconds: number | undefined): FieldError[] {
  const errors: FieldError[] = [];
  let handlers = 0;
  for (const name of HANDLERS) {
    const value = handler[name];
    if (value === undefined) continue;
    handlers++;
    if (handlers > 1) errors.push(forbiddenError(`${path}.${name}`, 'may not specify more than 1 handler type'));
    else errors.push(...validateAction({ [name]: value }, `${path}.${name}`, graceSeconds));
  }
  if (handlers === 0) errors.push(requiredError(path, 'must specify a handler type'));
  return errors;
}

function validateAction(
  { exec, httpGet, tcpSocket, grpc, sleep }: Handler,
  path: string,
  graceSeconds: number | undefined,
): FieldError[] {
  if (exec) return exec.command?.length ? [] : [requiredError(`${path}.command`)];
  if (tcpSocket) return validatePort(tcpSocket.port, `${path}.port`);
  if (grpc) return invalidErrors(`${path}.port`, grpc.port, portNumber(grpc.port));
  if (sleep) {
    const fits = graceSeconds === undefined || (sleep.seconds >= 0 && sleep.seconds <= graceSeconds);
    const why = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
    return fits ? [] : [invalidError(path, sleep.seconds, why)];
  }
  if (!httpGet) return [];
  const errors: FieldError[] = [];
  if (!httpGet.path) errors.push(requiredError(`${path}.path`));
  errors.push(...validatePort(httpGet.port, `${path}.port`));
  if (!SCHEMES.includes(httpGet.scheme ?? ''))
    errors.push(notSupportedError(`${path}.scheme`, httpGet.scheme ?? '', SCHEMES));
  for (const header of httpGet.httpHeaders ?? [])
    errors.push(...invalidErrors(`${path}.httpHeaders`, header.name, httpHeaderName(header.name)));
  return errors;
}

function validateProbe(probe: Probe, path: string, graceSeconds: number | undefined): FieldError[] {
  const errors = validateHandler(probe as Handler, path, graceSeconds);
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const) {
    const value = probe[field] ?? 0;
    if (value < 0) errors.push(invalidError(`${path}.${field}`, value, NON_NEGATIVE));
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0)
    errors.push(invalidError(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  return errors;
}

/** `graceSeconds`: the grace period of the pod, which bounds `sleep`. */
export function validateContainerHooks(
  container: Container,
  path: string,
  graceSeconds: number | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  if (lifecycle?.postStart)
    errors.push(...validateHandler(lifecycle.postStart, `${path}.lifecycle.postStart`, graceSeconds));
  if (lifecycle?.preStop) errors.push(...validateHandler(lifecycle.preStop, `${path}.lifecycle.preStop`, graceSeconds));
  if (livenessProbe) errors.push(...validateOneSuccess(livenessProbe, `${path}.livenessProbe`, graceSeconds));
  if (readinessProbe) {
    errors.push(...validateProbe(readinessProbe, `${path}.readinessProbe`, graceSeconds));
    if (readinessProbe.terminationGracePeriodSeconds !== undefined) {
      const field = `${path}.readinessProbe.terminationGracePeriodSeconds`;
      errors.push(
        invalidError(field, readinessProbe.terminationGracePeriodSeconds, 'must not be set for readinessProbes'),
      );
    }
  }
  if (startupProbe) errors.push(...validateOneSuccess(startupProbe, `${path}.startupProbe`, graceSeconds));
  return errors;
}

function validateOneSuccess(probe: Probe, path: string, graceSeconds: number | undefined): FieldError[] {
  const errors = validateProbe(probe, path, graceSeconds);
  if (probe.successThreshold !== 1)
    errors.push(invalidError(`${path}.successThreshold`, probe.successThreshold, 'must be 1'));
  return errors;
}
