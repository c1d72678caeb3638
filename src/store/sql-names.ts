/**
 * What the engine's tables are called in statements that are texts: plainly, with a prefix, or in a
 * schema.
 *
 * With `table-names.ts`, which does the same for Kysely, the only place that knows. Apart from it
 * because a writer's thread needs texts alone, and starts faster without the modules of Kysely.
 */
import { BackstepError } from '../core/errors.ts';
import type { EngineTables } from './schema.ts';

/** Every table and view; the compiler demands that none is missing. */
const TABLES: Readonly<Record<keyof EngineTables, true>> = {
  sagas: true,
  saga_steps: true,
  journal: true,
  outbox: true,
  start_keys: true,
  dead_letters: true,
  audit: true,
  pending_starts: true,
  bulk_commands: true,
  bulk_items: true,
  revoked_sessions: true,
  engine: true,
  feed_epochs: true,
  inbox: true,
  alert_rules: true,
  alert_marks: true,
  alert_incidents: true,
  alert_deliveries: true,
  moved_sagas: true,
};

/** Views that only PostgreSQL has. */
const IN_SCHEMA = ['listed_sagas'];

/** Every index that has a name of its own. */
const INDEXES = [
  'sagas_by_status',
  'sagas_by_wake',
  'sagas_by_end',
  'sagas_for_lists',
  'journal_by_saga',
  'dead_letters_open',
  'dead_letters_by_saga',
  'audit_by_saga',
  'pending_starts_by_position',
  'start_keys_of_removed',
  'inbox_open',
  'inbox_settled',
  'alert_marks_open',
  'alert_marks_new',
  'alert_marks_over',
  'alert_incidents_open',
  'alert_deliveries_due',
  'alert_deliveries_lost',
  'moved_sagas_by_move',
  'moved_sagas_leaving',
] as const;

/** An index of the engine. */
export type EngineIndex = (typeof INDEXES)[number];

/** How the engine's tables are called in texts. */
export interface SqlNames {
  /**
   * A statement of the engine's own, with its tables as they are called here. Each word in it that
   * is the name of one is taken for it, so it is for texts of ours only.
   */
  inSql(text: string): string;
}

/** Names as they are called here, by their plain ones. */
export type NamesByPlain = ReadonlyMap<string, string>;

const PREFIX = /^[a-z][a-z0-9_]{0,31}$/;

/**
 * Checks a prefix; `''` is none. Throws `input-invalid`.
 */
export function checkedPrefix(prefix: string): string {
  // SQLite keeps names that begin with its own for itself.
  if (prefix === '' || (PREFIX.test(prefix) && !prefix.startsWith('sqlite_'))) return prefix;
  throw new BackstepError(
    'input-invalid',
    `the table prefix ${JSON.stringify(prefix)} will not do: at most 32 of a-z, 0-9 and _, ` +
      'a letter first, and not sqlite_; such as "backstep_"',
  );
}

/** Names with a prefix, those of indexes too, which SQLite keeps together. */
export function prefixedNames(prefix: string): NamesByPlain {
  return new Map([...Object.keys(TABLES), ...INDEXES].map((name) => [name, prefix + name]));
}

/** Names in a schema of a checked name. Indexes go with their table. */
export function namesInSchema(schema: string): NamesByPlain {
  const names = [...Object.keys(TABLES), ...IN_SCHEMA];
  return new Map(names.map((name) => [name, `"${schema}".${name}`]));
}

/** Takes each word of a text that is a name for what it is called. */
export function renamingText(names: NamesByPlain): SqlNames['inSql'] {
  const word = new RegExp(`\\b(?:${[...names.keys()].join('|')})\\b`, 'g');
  return (text) => text.replace(word, (name) => names.get(name) ?? name);
}

/** As `withPrefix` of table-names.ts, for texts. */
export function sqlWithPrefix(prefix: string): SqlNames {
  return { inSql: prefix === '' ? (text) => text : renamingText(prefixedNames(prefix)) };
}
