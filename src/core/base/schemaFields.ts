import * as z from 'zod';

/** A field that a file may have at some place: for completion, hover and "did you mean". */
export interface SchemaField {
  name: string;
  description: string | undefined;
  isRequired: boolean;
  /** The values it may have, where they can be listed. */
  values: (string | number | boolean | null)[];
}

type JsonSchema = z.core.JSONSchema.JSONSchema;
const known = new WeakMap<z.ZodType, JsonSchema>();

/** The fields at a path of a file with this schema; numbers in the path are places in lists. */
export function fieldsAt(schema: z.ZodType, path: readonly PropertyKey[]): SchemaField[] {
  const root = jsonSchemaOf(schema);
  let places = alternatives(root, root);
  for (const step of path) places = places.flatMap((place) => below(place, step, root));
  const fields = new Map<string, SchemaField>();
  for (const { properties = {}, required = [] } of places) {
    for (const [name, property] of Object.entries(properties)) {
      if (typeof property === 'boolean' || fields.has(name)) continue;
      const values = alternatives(property, root).flatMap(valuesOf);
      const isRequired = required.includes(name);
      fields.set(name, { name, description: property.description, isRequired, values });
    }
  }
  return [...fields.values()];
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const found = known.get(schema) ?? z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  known.set(schema, found);
  return found;
}

function below(place: JsonSchema, step: PropertyKey, root: JsonSchema): JsonSchema[] {
  const next =
    typeof step === 'number' ? place.items : (place.properties?.[String(step)] ?? place.additionalProperties);
  return next && typeof next === 'object' && !Array.isArray(next) ? alternatives(next, root) : [];
}

/** A union's members, or the schema itself; references followed. */
function alternatives(schema: JsonSchema, root: JsonSchema): JsonSchema[] {
  const target = schema.$ref?.startsWith('#/$defs/') ? root.$defs?.[schema.$ref.slice('#/$defs/'.length)] : schema;
  if (!target || typeof target === 'boolean') return [];
  const members = target.anyOf ?? target.oneOf;
  return members
    ? members.flatMap((member) => (typeof member === 'boolean' ? [] : alternatives(member, root)))
    : [target];
}

function valuesOf({ enum: listed, const: only, type, items }: JsonSchema): SchemaField['values'] {
  if (listed) return listed as SchemaField['values'];
  if (only !== undefined) return [only as string];
  if (type === 'boolean') return [true, false];
  if (type === 'null') return [null];
  return items && typeof items === 'object' && !Array.isArray(items) ? valuesOf(items) : [];
}
