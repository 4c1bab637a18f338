/** What the chain sees of flow control. */
import type { ConfigSnapshot, UserInfo } from '../contract.ts';
import type { RequestInfo } from '../request-info.ts';
import type { ResourceSize } from './work.ts';

/** What flow control needs of a request. */
export interface FlowRequest {
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly info: RequestInfo;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly user: UserInfo;
}

/** Where a request belongs, for the headers of its answer. */
export interface FlowMark {
  schemaUid: string;
  levelUid: string;
}

export interface FlowSeat {
  readonly mark: FlowMark;
  /** Gives the seat back; safe to repeat. */
  leave(): void;
}

export interface FlowRefused {
  readonly mark: FlowMark;
  /** Seconds after which the client may try again. */
  readonly retryAfter: number;
}

export interface FlowControl {
  /** A seat, at once or after a wait in a fair queue, or a refusal. */
  enter(request: FlowRequest, config: ConfigSnapshot): FlowSeat | Promise<FlowSeat | FlowRefused> | FlowRefused;
  /** A watch has begun; call the result when it has ended. */
  watching(request: FlowRequest): () => void;
  /** A whole list of the resource had this size: what the next ones are estimated by. */
  observeList(info: RequestInfo, size: ResourceSize): void;
  /** Prometheus text. */
  render(): string;
  /** The text of `/debug/api_priority_and_fairness/NAME`; undefined for a name that there is not. */
  dump(name: string): string | undefined;
}
