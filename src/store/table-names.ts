/**
 * What the engine's tables are called in a database: plainly, with a prefix, or in a schema.
 *
 * The only place that knows. Invariant: tables of participants are never renamed, and their
 * statements are not looked at.
 */
import {
  type Kysely,
  type KyselyPlugin,
  OperationNodeTransformer,
  RawNode,
  type RootOperationNode,
  SchemableIdentifierNode,
} from 'kysely';
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
};

/** Every index that has a name of its own. */
const INDEXES = [
  'sagas_by_status',
  'sagas_by_wake',
  'sagas_by_end',
  'sagas_for_lists',
  'journal_by_saga',
  'dead_letters_open',
  'audit_by_saga',
  'pending_starts_by_position',
  'start_keys_of_removed',
] as const;

/** An index of the engine. */
export type EngineIndex = (typeof INDEXES)[number];

/** How the engine's tables are called. */
export interface TableNames {
  /**
   * A statement of the engine's own, with its tables as they are called here. Each word in it that
   * is the name of one is taken for it, so it is for texts of ours only.
   */
  inSql(text: string): string;
  /** The same for what is built with Kysely. */
  inKysely<Tables>(db: Kysely<Tables>): Kysely<Tables>;
  /** Both, for migrations of the engine, which are texts given to Kysely. */
  inMigrations<Tables>(db: Kysely<Tables>): Kysely<Tables>;
}

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

/** Names with a prefix, those of indexes too, which SQLite keeps together; `''`: plain names. */
export function withPrefix(prefix: string): TableNames {
  if (prefix === '') return PLAIN;
  const names = new Map([...Object.keys(TABLES), ...INDEXES].map((name) => [name, prefix + name]));
  return renamed(names, (name) => SchemableIdentifierNode.create(name));
}

/** Names in a schema of a checked name. Indexes go with their table. */
export function inSchema(schema: string): TableNames {
  const names = new Map(Object.keys(TABLES).map((name) => [name, `"${schema}".${name}`]));
  return renamed(names, (_, plain) => SchemableIdentifierNode.createWithSchema(schema, plain));
}

const PLAIN: TableNames = {
  inSql: (text) => text,
  inKysely: (db) => db,
  inMigrations: (db) => db,
};

type Identify = (name: string, plain: string) => SchemableIdentifierNode;

function renamed(names: ReadonlyMap<string, string>, identify: Identify): TableNames {
  const word = new RegExp(`\\b(?:${[...names.keys()].join('|')})\\b`, 'g');
  const inSql = (text: string): string => text.replace(word, (name) => names.get(name) ?? name);
  const tables = pluginOf(new Renaming(names, identify));
  const texts = pluginOf(new TextRenaming(inSql));
  return {
    inSql,
    inKysely: (db) => db.withPlugin(tables),
    inMigrations: (db) => db.withPlugin(tables).withPlugin(texts),
  };
}

function pluginOf(transformer: OperationNodeTransformer): KyselyPlugin {
  return {
    transformQuery: ({ node, queryId }): RootOperationNode =>
      transformer.transformNode(node, queryId),
    transformResult: async ({ result }) => result,
  };
}

/** Renames every table that stands without a schema, in references too. */
class Renaming extends OperationNodeTransformer {
  readonly #names: ReadonlyMap<string, string>;
  readonly #identify: Identify;

  constructor(names: ReadonlyMap<string, string>, identify: Identify) {
    super();
    this.#names = names;
    this.#identify = identify;
  }

  protected override transformSchemableIdentifier(
    node: SchemableIdentifierNode,
  ): SchemableIdentifierNode {
    const plain = node.identifier.name;
    const name = this.#names.get(plain);
    return name === undefined || node.schema !== undefined ? node : this.#identify(name, plain);
  }
}

class TextRenaming extends OperationNodeTransformer {
  readonly #inSql: (text: string) => string;

  constructor(inSql: (text: string) => string) {
    super();
    this.#inSql = inSql;
  }

  protected override transformRaw(node: RawNode): RawNode {
    return RawNode.create(
      node.sqlFragments.map((text) => this.#inSql(text)),
      node.parameters,
    );
  }
}
