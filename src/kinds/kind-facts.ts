import type { Column, Kind, NameRule, Verb } from '../machinery/kind.ts';

/** What the importer knows of a kind. */
export interface KindFacts {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly resource: string;
  readonly singular: string;
  readonly namespaced: boolean;
  /** `core/v1.Pod` */
  readonly type: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
  readonly preferredVersion: boolean;
  readonly stored: boolean;
  readonly storageVersionHash?: string;
  readonly nameRule: NameRule;
  readonly nameMaxLength?: number;
  readonly generation: readonly [onCreate: number, onSpecChange: number, onMetadataChange: number];
  readonly createOnUpdate: boolean;
  readonly unconditionalUpdate: boolean;
  readonly delete: Kind['delete'];
  readonly fieldSelectors: readonly string[];
  readonly subresources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly ref: string;
    readonly verbs: readonly string[];
  }[];
  readonly columns: readonly Column[];
}
