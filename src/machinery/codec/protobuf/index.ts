/** Kubernetes' protobuf: `application/vnd.kubernetes.protobuf`. */
export { ProtobufError } from './byte-reader.ts';
export { decodeRaw, type Envelope, encodeObject, encodeWatchFrame, openEnvelope, type TypeMeta } from './envelope.ts';
