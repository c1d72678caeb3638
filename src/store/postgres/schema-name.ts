/** The name of the schema that the engine's tables are in. */
import { isSchemaName } from '../../core/database-target.ts';
import { BackstepError } from '../../core/errors.ts';

export const DEFAULT_SCHEMA = 'backstep';

/** Checks a schema's name, which is written as it is, between quotes. Throws `input-invalid`. */
export function checkedSchema(schema: string): string {
  if (isSchemaName(schema)) return schema;
  throw new BackstepError(
    'input-invalid',
    `the schema ${JSON.stringify(schema)} will not do: at most 59 letters, digits and _, not a ` +
      'digit first, and not one of PostgreSQL itself; such as "backstep"',
  );
}
