/** What serving custom resources needs from the rest of the server. */
import type { CustomResourceDefinition } from '../../kinds/index.ts';
import type { Kind } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type { ObjectKey } from '../../storage/contract.ts';
import type { AttachedWrite } from '../contract.ts';

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

/** Conversions for code that cannot wait; see `Conversions`. */
export interface FieldConversions {
  /** The object in another version; inside `run` only. */
  now(object: KubeObject, apiVersion: string): KubeObject;
  /** Computes, again with every conversion that it turned out to need. */
  run<T>(compute: () => T | Promise<T>): Promise<T>;
}

/** A write that was committed. */
export interface WrittenObject {
  type: 'create' | 'update' | 'delete';
  kind: Kind;
  key: ObjectKey;
}

/** When definitions are settled: after writes that concern them, and when a request finds work that was left behind. */
export interface DefinitionKeeper {
  /** Called after every commit of a definition or of a custom resource. */
  written(write: WrittenObject): Promise<void>;
  /** Throws 403 where the definition of a custom resource is being deleted. */
  checkCreate(kind: Kind, name: string): void;
  /** What makes a new custom resource fail when its definition went meanwhile; undefined for built-in kinds. */
  guard(kind: Kind): AttachedWrite | undefined;
  /** Goes on with what a crash or a deadline left. */
  catchUp(): Promise<void>;
}
