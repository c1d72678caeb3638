/** The name of the schema that the engine's tables are in. */
import { BackstepError } from '../../core/errors.ts';

export const DEFAULT_SCHEMA = 'backstep';

/** PostgreSQL takes 63 characters; a few are left for the schemas of further shards. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,58}$/;
/** PostgreSQL's own. */
const RESERVED = /^(?:pg_|information_schema$)/i;

/** Checks a schema's name, which is written as it is, between quotes. Throws `input-invalid`. */
export function checkedSchema(schema: string): string {
  if (NAME.test(schema) && !RESERVED.test(schema)) return schema;
  throw new BackstepError(
    'input-invalid',
    `the schema ${JSON.stringify(schema)} will not do: at most 59 letters, digits and _, not a ` +
      'digit first, and not one of PostgreSQL itself; such as "backstep"',
  );
}
