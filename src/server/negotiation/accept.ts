/**
 * Which form an answer takes: media type, and a transformation of the object (Table, metadata only).
 * Upstream: endpoints/handlers/negotiation/negotiate.go, and the media-type filter of its router in front.
 */
import { StatusError } from '../../machinery/status.ts';
import { SERIALIZERS, type Serializer } from './serializers.ts';

export type Transform = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

export interface Output {
  serializer: Serializer;
  /** Absent: the object itself. */
  as?: Transform;
  /** Version of meta.k8s.io that the transformation is asked in. */
  metaVersion: 'v1' | 'v1beta1';
  pretty: boolean;
}

interface Clause {
  type: string;
  params: Map<string, string>;
  q: number;
}

const TRANSFORMS = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);
const STREAM_TYPES = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];

const JSON_TYPE = 'application/json';

const PLAIN: Output = { serializer: SERIALIZERS[0]!, metaVersion: 'v1', pretty: false };
const PRETTY: Output = { serializer: SERIALIZERS[0]!, metaVersion: 'v1', pretty: true };

/** The media types of ordinary answers, as messages list them. */
export function acceptedTypes(): string {
  return SERIALIZERS.map((serializer) => serializer.mediaType).join(', ');
}

/** What a route can answer besides the ordinary media types. */
export interface AcceptOptions {
  /** Collections can also stream. */
  streams?: boolean;
  /** Transformations are possible; on by default. */
  transforms?: boolean;
  /** The objects have no protobuf form, only what is made of them (metadata) has. */
  unregistered?: boolean;
  /** The document lies beside the resource routes, whose refusal has words of its own. */
  document?: boolean;
}

/** Chooses the output for a request. Throws 406. */
export function negotiateOutput(request: Request, query: URLSearchParams, options: AcceptOptions = {}): Output {
  const header = request.headers.get('accept');
  const pretty = query.has('pretty') && isTrue(query.get('pretty')!);
  if (header === null || header === '' || header === 'application/json' || header === '*/*')
    return pretty ? PRETTY : PLAIN;
  const clauses = parseAccept(header);
  if (options.document !== true && !clauses.some((clause) => isKnownType(clause.type)))
    throw notAcceptable(options.streams === true);
  for (const clause of [...clauses].sort((a, b) => b.q - a.q)) {
    for (const serializer of SERIALIZERS) {
      if (clause.type !== '*/*' && clause.type !== serializer.mediaType) continue;
      const output = readParams(clause, serializer, options.transforms !== false);
      if (output && options.unregistered && !serializer.tables && !output.as) continue;
      if (output) return { ...output, pretty: pretty || output.pretty };
    }
  }
  throw new StatusError(406, 'NotAcceptable', `only the following media types are accepted: ${acceptedTypes()}`);
}

/** The serializer for errors: the preferred one that is known, else JSON. */
export function preferredSerializer(request: Request): Serializer {
  const header = request.headers.get('accept');
  if (!header || header === 'application/json') return SERIALIZERS[0]!;
  const clauses = parseAccept(header).sort((a, b) => b.q - a.q);
  const found = clauses.flatMap(({ type }) =>
    SERIALIZERS.filter(({ mediaType }) => type === '*/*' || type === mediaType),
  );
  return found[0] ?? SERIALIZERS[0]!;
}

/** The output of a watch. Throws 406 for media types that objects cannot follow each other in. */
export function negotiateStream(request: Request, query: URLSearchParams, options: AcceptOptions = {}): Output {
  const output = negotiateOutput(request, query, { ...options, streams: true });
  if (output.serializer.streams) return output;
  throw new StatusError(
    406,
    'NotAcceptable',
    `only the following media types are accepted: ${STREAM_TYPES.join(', ')}`,
  );
}

function notAcceptable(streams: boolean): StatusError {
  const types = streams ? `${acceptedTypes()}, ${STREAM_TYPES.join(', ')}` : acceptedTypes();
  return new StatusError(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${types}`, {});
}

function isKnownType(type: string): boolean {
  return type === '*/*' || SERIALIZERS.some((serializer) => serializer.mediaType === type);
}

function readParams(clause: Clause, serializer: Serializer, transforms: boolean): Output | undefined {
  let as: string | undefined;
  let group: string | undefined;
  let version: string | undefined;
  let pretty = false;
  for (const [name, value] of clause.params) {
    if (name === 'as') as = value;
    else if (name === 'g') group = value;
    else if (name === 'v') version = value;
    else if (name === 'pretty') pretty = value === '1';
    else if (name === 'stream' && value !== 'watch') return undefined;
  }
  if (as === undefined) return { serializer, metaVersion: 'v1', pretty };
  if (!transforms || !TRANSFORMS.has(as) || group !== 'meta.k8s.io') return undefined;
  if (version !== 'v1' && version !== 'v1beta1') return undefined;
  if (as === 'Table' && !serializer.tables) return undefined;
  return { serializer, as: as as Transform, metaVersion: version, pretty };
}

function parseAccept(header: string): Clause[] {
  return header.split(',').map((part) => {
    const [type = '', ...rest] = part.split(';');
    const params = new Map<string, string>();
    let q = 1;
    for (const param of rest) {
      const equals = param.indexOf('=');
      if (equals < 0) continue;
      const name = param.slice(0, equals).trim().toLowerCase();
      const value = param
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1');
      if (name === 'q') q = Number.isNaN(Number(value)) ? 1 : Number(value);
      else params.set(name, value);
    }
    return { type: type.trim(), params, q };
  });
}

/** Throws 406 unless a request takes JSON, for documents that have no other form; the router in front knows no ranges. */
export function requireJson(request: Request): void {
  const header = request.headers.get('accept') ?? '';
  if (header === '' || parseAccept(header).some(({ type }) => type === '*/*' || type === JSON_TYPE)) return;
  throw new StatusError(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${JSON_TYPE}`, {});
}

/** Upstream reads query booleans so: anything but false and 0. */
export function isTrue(value: string): boolean {
  return value.toLowerCase() !== 'false' && value !== '0';
}
