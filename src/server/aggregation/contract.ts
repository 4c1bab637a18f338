/** What the rest of the server knows of group-versions that other servers answer. */
import type { Kind } from '../../machinery/kind.ts';
import type { ObjectKey } from '../../storage/contract.ts';
import type { UserInfo } from '../contract.ts';
import type { ApiIndex, RemoteApi } from './api-index.ts';

/** A request after authorization. */
export interface ProxiedRequest {
  readonly request: Request;
  readonly url: URL;
  readonly info: { readonly path: string; readonly isResource: boolean };
  readonly user: UserInfo;
}

export interface Aggregation {
  /** What is known now; empty in nearly all clusters. */
  index(): Promise<ApiIndex>;
  /** Answers a request that another server answers; undefined for all others. */
  answer(asked: ProxiedRequest, groupVersion: { group: string; version: string }): Promise<Response | undefined>;
  /** Answers a request for the OpenAPI document `apis/GROUP/VERSION` that another server has; undefined for all others. */
  answerDocument(asked: ProxiedRequest, name: string): Promise<Response | undefined>;
  /** Called after every commit of an object that decides about groups and versions. */
  written(write: { type: 'create' | 'update' | 'delete'; kind: Kind; key: ObjectKey }): Promise<void>;
  /** Goes on with what a crash left. Does not wait for it. */
  catchUp(): Promise<void>;
  readonly documents: RemoteDocuments;
}

export interface RemoteResource {
  name: string;
  singularName?: string;
  namespaced?: boolean;
  group?: string;
  version?: string;
  kind?: string;
  verbs?: string[];
  shortNames?: string[];
  categories?: string[];
}

export interface RemoteDocuments {
  /** The resources of a group-version; undefined when its server does not say. */
  resources(api: RemoteApi): Promise<readonly RemoteResource[] | undefined>;
  /** A JSON document of its server; undefined when there is none. */
  json(api: RemoteApi, path: string): Promise<Record<string, unknown> | undefined>;
}
