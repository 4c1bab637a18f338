/** That each field a junctor speaks of is specified outside of it. Upstream: apiserver/schema/complete.go. */
import type { FieldError } from '../../status.ts';
import { requiredError } from '../../validation/index.ts';
import type { JSONSchemaProps } from '../contract.ts';
import { child, itemsOf, key, propertyOf } from '../schema-node.ts';

/** Faults of a whole schema. */
export const completenessErrors = (schema: JSONSchemaProps, path: string): FieldError[] =>
  junctors(schema, schema, { specified: path, said: path });

/** Where a field is specified, and where more is said of it. */
interface Paths {
  specified: string;
  said: string;
}

function junctors(said: JSONSchemaProps, specified: JSONSchemaProps | undefined, at: Paths): FieldError[] {
  const within = (inner: JSONSchemaProps, place: string): FieldError[] =>
    nested(inner, specified, { specified: at.specified, said: child(at.said, place) });
  return [
    ...(said.not === undefined ? [] : within(said.not, 'not')),
    ...(said.allOf ?? []).flatMap((inner, index) => within(inner, `allOf[${index}]`)),
    ...(said.anyOf ?? []).flatMap((inner, index) => within(inner, `anyOf[${index}]`)),
    ...(said.oneOf ?? []).flatMap((inner, index) => within(inner, `oneOf[${index}]`)),
  ];
}

function nested(said: JSONSchemaProps, specified: JSONSchemaProps | undefined, at: Paths): FieldError[] {
  if (specified === undefined) return [requiredError(at.specified, `because it is defined in ${at.said}`)];
  const errors = junctors(said, specified, at);
  const items = itemsOf(said);
  if (items !== undefined) {
    const inner = { specified: child(at.specified, 'items'), said: child(at.said, 'items') };
    errors.push(...nested(items, itemsOf(specified), inner));
  }
  for (const [name, field] of Object.entries(said.properties ?? {})) {
    const inner = {
      specified: key(child(at.specified, 'properties'), name),
      said: key(child(at.said, 'properties'), name),
    };
    errors.push(...nested(field, propertyOf(specified, name), inner));
  }
  return errors;
}
