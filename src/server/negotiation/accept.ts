/**
 * Which form an answer takes: media type, and a transformation of the object (Table, metadata only).
 * Upstream: endpoints/handlers/negotiation/negotiate.go, and the media-type filter of its router in front.
 */
import { StatusError } from '../../machinery/status.ts';
import { type Clause, covers, namesOneOf, parseAccept } from './accept-header.ts';
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

const TRANSFORMS = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);
const MEDIA_TYPES = SERIALIZERS.map((serializer) => serializer.mediaType);
const STREAM_TYPES = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];

const PLAIN: Output = { serializer: SERIALIZERS[0]!, metaVersion: 'v1', pretty: false };
const PRETTY: Output = { serializer: SERIALIZERS[0]!, metaVersion: 'v1', pretty: true };

/** The media types of ordinary answers, as messages list them. */
export function acceptedTypes(): string {
  return MEDIA_TYPES.join(', ');
}

/** What a route can answer besides the ordinary media types. */
export interface AcceptOptions {
  /** Collections can also stream. */
  streams?: boolean;
  /** Transformations are possible, or that to metadata alone; on by default. */
  transforms?: boolean | 'metadata';
  /** The objects have no protobuf form, only what is made of them (metadata) has. */
  unregistered?: boolean;
  /** No router stands before the route, whose refusal has words of its own. */
  unrouted?: boolean;
}

/** Chooses the output for a request. Throws 406. */
export function negotiateOutput(request: Request, query: URLSearchParams, options: AcceptOptions = {}): Output {
  const header = request.headers.get('accept') ?? '';
  const pretty = isPretty(request, query);
  if (header === '' || header === 'application/json' || header === '*/*') return pretty ? PRETTY : PLAIN;
  if (options.unrouted !== true && !namesOneOf(header, MEDIA_TYPES)) throw notRouted(routeTypes(options));
  for (const clause of parseAccept(header)) {
    for (const serializer of SERIALIZERS) {
      if (!covers(clause, serializer.mediaType)) continue;
      const output = readParams(clause, serializer, options.transforms ?? true);
      if (output && options.unregistered && !serializer.tables && !output.as) continue;
      if (output) return { ...output, pretty: pretty || output.pretty };
    }
  }
  throw new StatusError(406, 'NotAcceptable', `only the following media types are accepted: ${acceptedTypes()}`);
}

/** Whether JSON is indented: where the query says so, else for those who read it themselves. */
function isPretty(request: Request, query: URLSearchParams): boolean {
  const asked = query.get('pretty');
  if (asked) return /^(1|t|T|true|TRUE|True)$/.test(asked);
  return /^(curl|Wget|Mozilla\/5\.0)/.test(request.headers.get('user-agent') ?? '');
}

/** The output for a failure: any media type that is taken as it is, else indented JSON. */
export function negotiateFailure(request: Request, query: URLSearchParams): Output {
  try {
    return negotiateOutput(request, query, { transforms: false, unrouted: true });
  } catch {
    return PRETTY;
  }
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

const routeTypes = ({ streams }: AcceptOptions): string[] =>
  streams ? [...MEDIA_TYPES, ...STREAM_TYPES] : MEDIA_TYPES;

/** The router's refusal of a request that takes none of what its route answers. */
function notRouted(mediaTypes: readonly string[]): StatusError {
  const message = `406: Not Acceptable\n\nAvailable representations: ${mediaTypes.join(', ')}`;
  return new StatusError(406, 'NotAcceptable', message, {});
}

/** Throws 406 unless the router lets a request through to a route that answers in one of `mediaTypes`. */
export function requireTypes(request: Request, mediaTypes: readonly string[] = MEDIA_TYPES): void {
  if (!namesOneOf(request.headers.get('accept') ?? '', mediaTypes)) throw notRouted(mediaTypes);
}

/** The output for the aggregated form of discovery; undefined where the client asks for another. */
export function negotiateDiscovery(request: Request): Pick<Output, 'serializer' | 'pretty'> | undefined {
  for (const clause of parseAccept(request.headers.get('accept') ?? '')) {
    const { params } = clause;
    if (params.get('as') !== 'APIGroupDiscoveryList' || params.get('g') !== 'apidiscovery.k8s.io') continue;
    if (params.get('v') !== 'v2' || params.get('sv')) continue;
    const streaming = params.get('stream') ?? '';
    const serializer = SERIALIZERS.find(
      ({ mediaType, streams }) => covers(clause, mediaType) && (streaming === '' || (streams && streaming === 'watch')),
    );
    if (serializer) return { serializer, pretty: params.get('pretty') === '1' };
  }
  return undefined;
}

function readParams({ params }: Clause, serializer: Serializer, transforms: boolean | 'metadata'): Output | undefined {
  const stream = params.get('stream') ?? '';
  if (stream !== '' && !(serializer.streams && stream === 'watch')) return undefined;
  const serverVersion = params.get('sv') ?? '';
  if (serverVersion !== '' && !(transforms && serverVersion === 'v1')) return undefined;
  const pretty = params.get('pretty') === '1';
  if (!params.has('as') && !params.has('g') && !params.has('v')) return { serializer, metaVersion: 'v1', pretty };
  const as = params.get('as') ?? '';
  const version = params.get('v');
  if (!transforms || !TRANSFORMS.has(as) || params.get('g') !== 'meta.k8s.io') return undefined;
  if (version !== 'v1' && version !== 'v1beta1') return undefined;
  if (as === 'Table' && (!serializer.tables || transforms === 'metadata')) return undefined;
  return { serializer, as: as as Transform, metaVersion: version, pretty };
}

/** Upstream reads query booleans so: anything but false and 0. */
export function isTrue(value: string): boolean {
  return value.toLowerCase() !== 'false' && value !== '0';
}
