/** What serving custom resources needs from the rest of the server. */
import type { CustomResourceDefinition } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';

type Conversion = NonNullable<CustomResourceDefinition['spec']['conversion']>;

/** The definition whose objects are converted. */
export interface ConversionSource {
  /** `widgets.example.com` */
  name: string;
  uid: string;
  /** Rises with every change of the spec; with `uid` it identifies the settings below. */
  generation: number;
  kind: string;
  webhook: NonNullable<Conversion['webhook']>;
}

/** Converts custom objects of definitions whose strategy is Webhook. Upstream: apiextensions-apiserver conversion/webhook_converter.go. */
export interface CustomConverter {
  /**
   * `objects`, each of which may be in another version, in `apiVersion` (`example.com/v2`) and in the same order. The
   * results are new objects; those that are in that version already come back as they are. Throws a StatusError with
   * the message that the client gets.
   */
  convert(source: ConversionSource, objects: readonly KubeObject[], apiVersion: string): Promise<KubeObject[]>;
}
