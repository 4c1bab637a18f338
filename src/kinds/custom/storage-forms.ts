/** How custom resources come from and go to storage, where they may lie in any version of their definition. */
import type { CustomDefinition, Kind } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type { CustomSchema } from '../../machinery/structural/index.ts';
import type { CustomResourceDefinition } from '../generated/types/apiextensions-v1.ts';
import type { DefinitionRecord } from './definition-record.ts';

/** What all versions of a definition share. */
export interface DefinitionParts {
  record: DefinitionRecord;
  definition: CustomResourceDefinition;
  schemaOf(version: string): CustomSchema | undefined;
  kindOf(version: string): Kind | undefined;
}

export function customDefinition({ record, definition, schemaOf, kindOf }: DefinitionParts): CustomDefinition {
  const { conversion } = definition.spec;
  return {
    name: record.metadata.name,
    uid: record.metadata.uid,
    generation: record.generation,
    terminating: record.terminating,
    ...(conversion?.strategy === 'Webhook' && conversion.webhook ? { webhook: conversion.webhook } : {}),
    stored: () => kindOf(record.storageVersion)!,
    selectable: () =>
      record.versions
        .filter(({ served }) => served)
        .map(({ name }) => kindOf(name)!)
        .filter((kind) => kind.selectableFields.length > 0),
    read(object) {
      const version = object.apiVersion?.slice(record.group.length + 1) ?? '';
      return (schemaOf(version) ?? schemaOf(record.storageVersion))!.fromStorage(object);
    },
  };
}

/** The storage properties of one version. */
export type StorageForms = Pick<Kind, 'storageVersion' | 'fromStorage' | 'toStorage'>;

/**
 * Defaults are those of the version that is stored, and what the asked version does not know is left out. Where a
 * webhook converts, the server puts a store in front that has every object in the asked version.
 */
export function storageForms(parts: DefinitionParts, version: string, shared: CustomDefinition): StorageForms {
  const { record, schemaOf } = parts;
  const schema = schemaOf(version)!;
  const apiVersion = `${record.group}/${version}`;
  if (shared.webhook) return { storageVersion: apiVersion, fromStorage: (object) => schema.decode(object).object };
  const storageVersion = `${record.group}/${record.storageVersion}`;
  const fromStorage = (object: KubeObject): KubeObject => {
    const read = shared.read(object);
    return read.apiVersion === apiVersion ? read : recast(read, schema, apiVersion);
  };
  if (version === record.storageVersion) return { storageVersion, fromStorage };
  const stored = schemaOf(record.storageVersion) ?? schema;
  return {
    storageVersion,
    fromStorage,
    toStorage: (object) => recast(structuredClone(object), stored, storageVersion),
  };
}

/** The None conversion: another apiVersion, and no fields that its schema does not have. Takes over `object`. */
function recast(object: KubeObject, schema: CustomSchema, apiVersion: string): KubeObject {
  object.apiVersion = apiVersion;
  return schema.decode(object).object;
}
