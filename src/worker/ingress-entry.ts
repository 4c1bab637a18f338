import { WorkerEntrypoint } from 'cloudflare:workers';
import type { Env } from './env.ts';

/** The edge: requests from outside to the Services behind Ingresses. */
export class Ingress extends WorkerEntrypoint<Env> {
  override async fetch(_request: Request): Promise<Response> {
    return new Response('default backend - 404\n', { status: 404 });
  }
}
