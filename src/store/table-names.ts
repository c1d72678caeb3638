/**
 * What the engine's tables are called in a database: plainly, with a prefix, or in a schema.
 *
 * With `sql-names.ts` the only place that knows. Invariant: tables of participants are never
 * renamed, and their statements are not looked at.
 */
import {
  type Kysely,
  type KyselyPlugin,
  OperationNodeTransformer,
  RawNode,
  type RootOperationNode,
  SchemableIdentifierNode,
} from 'kysely';
import {
  type NamesByPlain,
  namesInSchema,
  prefixedNames,
  renamingText,
  type SqlNames,
} from './sql-names.ts';

/** How the engine's tables are called. */
export interface TableNames extends SqlNames {
  /** As `inSql`, for what is built with Kysely. */
  inKysely<Tables>(db: Kysely<Tables>): Kysely<Tables>;
  /** Both, for migrations of the engine, which are texts given to Kysely. */
  inMigrations<Tables>(db: Kysely<Tables>): Kysely<Tables>;
}

/** Names with a prefix, those of indexes too, which SQLite keeps together; `''`: plain names. */
export function withPrefix(prefix: string): TableNames {
  if (prefix === '') return PLAIN;
  return renamed(prefixedNames(prefix), (name) => SchemableIdentifierNode.create(name));
}

/** Names in a schema of a checked name. Indexes go with their table. */
export function inSchema(schema: string): TableNames {
  return renamed(namesInSchema(schema), (_, plain) =>
    SchemableIdentifierNode.createWithSchema(schema, plain),
  );
}

const PLAIN: TableNames = {
  inSql: (text) => text,
  inKysely: (db) => db,
  inMigrations: (db) => db,
};

type Identify = (name: string, plain: string) => SchemableIdentifierNode;

function renamed(names: NamesByPlain, identify: Identify): TableNames {
  const inSql = renamingText(names);
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
  readonly #names: NamesByPlain;
  readonly #identify: Identify;

  constructor(names: NamesByPlain, identify: Identify) {
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
