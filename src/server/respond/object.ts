/** Answers that hold one object. Upstream: handlers/response.go, responsewriters/writers.go. */
import { apiVersionOf, type KubeObject } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status.ts';
import { decodeStored } from '../encode.ts';
import type { Output } from '../negotiation/accept.ts';
import type { ResourceCall } from '../scope.ts';
import { compressible } from './compress.ts';
import { partialMetadata } from './partial.ts';
import { type TableForm, tableOf } from './table.ts';

export interface TextAnswer {
  /** Stored text of an object of the call's kind. */
  text: string;
  output: Output;
  status: number;
}

/** Answers with a stored object, unparsed where the client takes it as it is. */
export function respondText(call: ResourceCall, { text, output, status }: TextAnswer): Response {
  if (!output.as && output.serializer.isJson && !output.pretty && isStoredForm(call)) {
    return send(call, { body: `${text}\n`, output, status });
  }
  return respondObject(call, { object: decodeStored(call.kind, text), output, status });
}

/** Whether stored texts of the call's kind are what the API answers. */
export function isStoredForm(call: ResourceCall): boolean {
  const { kind } = call;
  return kind.fromStorage === undefined && kind.storageVersion === apiVersionOf(kind.group, kind.version);
}

export interface ObjectAnswer {
  /** An object of the call's kind, in its version. */
  object: KubeObject;
  output: Output;
  status: number;
  /** For objects of a subresource's type. */
  form?: TableForm;
}

/** Answers with a parsed object in the form that was negotiated. */
export function respondObject(call: ResourceCall, answer: ObjectAnswer): Response {
  const { output, status } = answer;
  return respondValue(call, { value: transform(call, answer), output, status });
}

function transform(call: ResourceCall, { object, output, form = call.kind }: ObjectAnswer): object {
  switch (output.as) {
    case undefined:
      return object;
    case 'Table':
      return tableOf(call, {
        objects: [object],
        output,
        form,
        listMeta: { resourceVersion: object.metadata.resourceVersion },
      });
    case 'PartialObjectMetadata':
      return partialMetadata(object, { version: output.metaVersion, kind: form });
    case 'PartialObjectMetadataList':
      // Objects without a type of their own are taken for lists until they are looked into.
      if (call.kind.itemsCarryType && form === call.kind) throw new StatusError(500, '', 'content is not a list');
      throw new StatusError(
        406,
        'NotAcceptable',
        `you requested PartialObjectMetadataList, but the requested object is not a list (*${internalName(form)}.${form.kind})`,
      );
  }
}

/** How upstream's messages name the package of a kind. */
export function internalName({ group }: { group: string }): string {
  return group === '' ? 'core' : group.split('.')[0]!;
}

/** Answers with any value in the negotiated media type. */
export function respondValue(call: ResourceCall, answer: { value: object; output: Output; status: number }): Response {
  call.scope.audit?.responseObject(answer.value);
  const body = answer.output.serializer.write(answer.value, answer.output.pretty);
  return send(call, { body, output: answer.output, status: answer.status });
}

function send(
  call: ResourceCall,
  answer: { body: string | Uint8Array<ArrayBuffer>; output: Output; status: number },
): Response {
  const { body, output, status } = answer;
  const headers: Record<string, string> = {
    'Content-Type': output.serializer.mediaType,
    'Cache-Control': 'no-cache, private',
  };
  return compressible(call.scope.request, body, { status, headers });
}
