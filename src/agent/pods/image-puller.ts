/** Gets the images of containers onto the node. Upstream: pkg/kubelet/images/image_manager.go. */
import type { Clock } from '../../base/clock.ts';
import { formatGoDuration } from '../../base/go-duration.ts';
import type { Container, Pod } from '../../kinds/index.ts';
import { messageOf } from '../log.ts';
import type { ContainerRuntime, Image, RegistryAuth } from '../runtime/contract.ts';
import { Backoff } from './backoff.ts';
import type { EventRecorder } from './event-recorder.ts';
import { parseImage, withDefaultTag } from './image-reference.ts';

export type ImageReason =
  | 'ErrImagePull'
  | 'ImagePullBackOff'
  | 'ErrImageNeverPull'
  | 'InvalidImageName'
  | 'ImageInspectError';

/** Why a container has no image; `message` goes into its waiting state. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly reason: ImageReason;
  /** Milliseconds after which another attempt makes sense. */
  readonly retryAfter: number;
  constructor(reason: ImageReason, message: string, retryAfter: number) {
    super(message);
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

export interface PullRequest {
  pod: Pod;
  container: Container;
  /** Path for events, `spec.containers{name}`. */
  field: string;
  credentials(registry: string): Promise<RegistryAuth | undefined>;
  signal: AbortSignal;
}

export interface ImagePullerOptions {
  runtime: ContainerRuntime;
  clock: Clock;
  events: EventRecorder;
  parallel?: number;
}

const DEFAULT_RETRY = 10_000;
const MAX_PARALLEL = 3;

export class ImagePuller {
  readonly #options: ImagePullerOptions;
  readonly #backoff: Backoff;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: ImagePullerOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock);
  }

  /** The image to run. Throws ImageError, after having told of it in events. */
  async ensure(request: PullRequest): Promise<Image> {
    const { pod, container, field } = request;
    const { events, runtime } = this.#options;
    const name = container.image ?? '';
    if (parseImage(name) === undefined) {
      const message = `Failed to apply default image tag "${name}": couldn't parse image name "${name}": invalid reference format`;
      events.pod(pod, 'Warning', 'InspectFailed', message, field);
      throw new ImageError('InvalidImageName', message, DEFAULT_RETRY);
    }
    const reference = withDefaultTag(name);
    let present: Image | undefined;
    try {
      present = await runtime.imageStatus(reference);
    } catch (error) {
      const message = `Failed to inspect image "${name}": ${messageOf(error)}`;
      events.pod(pod, 'Warning', 'InspectFailed', message, field);
      throw new ImageError('ImageInspectError', message, DEFAULT_RETRY);
    }
    const policy = container.imagePullPolicy ?? 'IfNotPresent';
    if (present !== undefined && policy !== 'Always') {
      const message = `Container image "${name}" already present on machine and can be accessed by the pod`;
      events.pod(pod, 'Normal', 'Pulled', message, field);
      return present;
    }
    if (policy === 'Never') {
      const message = `Container image "${name}" is not present with pull policy of Never`;
      events.pod(pod, 'Warning', 'ErrImageNeverPull', message, field);
      throw new ImageError('ErrImageNeverPull', message, DEFAULT_RETRY);
    }
    return this.#pull(request, reference);
  }

  async #pull(request: PullRequest, reference: string): Promise<Image> {
    const { pod, container, field } = request;
    const { events, clock } = this.#options;
    const name = container.image ?? '';
    const key = `${pod.metadata.uid}_${name}`;
    const remaining = this.#backoff.remainingSinceUpdate(key);
    if (remaining > 0) {
      const message = `Back-off pulling image "${name}"`;
      events.pod(pod, 'Normal', 'BackOff', message, field);
      throw new ImageError('ImagePullBackOff', message, remaining);
    }
    events.pod(pod, 'Normal', 'Pulling', `Pulling image "${name}"`, field);
    const asked = clock.now();
    try {
      const { image, took } = await this.#exclusive(() => this.#transfer(request, reference));
      const waited = formatGoDuration(Math.round(clock.now() - asked));
      const text = `Successfully pulled image "${name}" in ${formatGoDuration(Math.round(took))} (${waited} including waiting). Image size: ${image.size} bytes.`;
      events.pod(pod, 'Normal', 'Pulled', text, field);
      return image;
    } catch (error) {
      if (request.signal.aborted) throw error;
      this.#backoff.next(key);
      const message = messageOf(error);
      events.pod(pod, 'Warning', 'Failed', `Failed to pull image "${name}": ${message}`, field);
      throw new ImageError('ErrImagePull', message, this.#backoff.wait(key));
    }
  }

  async #transfer(request: PullRequest, reference: string): Promise<{ image: Image; took: number }> {
    const { runtime, clock } = this.#options;
    const started = clock.now();
    const auth = await request.credentials(parseImage(reference)?.domain ?? '');
    const pulled = await runtime.pullImage(reference, auth, { signal: request.signal });
    const image = await runtime.imageStatus(pulled);
    if (image === undefined) throw new Error(`image ${reference} vanished after it was pulled`);
    return { image, took: clock.now() - started };
  }

  async #exclusive<R>(work: () => Promise<R>): Promise<R> {
    while (this.#running >= (this.#options.parallel ?? MAX_PARALLEL)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  forget(uid: string): void {
    this.#backoff.forget(`${uid}_`);
  }
}
