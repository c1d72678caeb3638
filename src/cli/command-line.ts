/**
 * What the command line of `backstep` asks for, or the mistake in it, in one sentence.
 */
import { parseArgs } from 'node:util';
import { isPostgresUrl } from '../core/database-target.ts';
import { type Environment, readSetting, SHARED_SETTINGS } from '../core/settings.ts';
import type { CheckRequest } from './check.ts';
import type { DatabaseRequest } from './database-request.ts';
import type { DoctorRequest } from './doctor.ts';
import type { ExportRequest } from './export.ts';
import type { MigrateOptions } from '../store/migrate-database.ts';
import type { MigrateRequest } from './migrate.ts';
import type { VerifyRequest } from './verify.ts';

/** What is asked for. */
export type Wanted =
  | { readonly command: 'help' }
  | ({ readonly command: 'migrate' } & MigrateRequest)
  | ({ readonly command: 'verify' } & VerifyRequest)
  | ({ readonly command: 'check' } & CheckRequest)
  | ({ readonly command: 'doctor' } & DoctorRequest)
  | ({ readonly command: 'export' } & ExportRequest)
  | Mistake;

interface Mistake {
  readonly command: 'mistake';
  readonly mistake: string;
}

const OPTIONS = {
  db: { type: 'string' },
  migrations: { type: 'string' },
  'table-prefix': { type: 'string' },
  schema: { type: 'string' },
  json: { type: 'boolean' },
  'with-secrets': { type: 'boolean' },
  'max-states': { type: 'string' },
  svg: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;
/** How the value of an option is called in the help. */
const VALUES = {
  db: '<database>',
  migrations: '<folder>',
  'table-prefix': '<prefix>',
  schema: '<name>',
  'max-states': '<n>',
  svg: '<folder>',
} as const;

/** Reads the arguments; `env` may name the database. */
export function readCommandLine(args: readonly string[], env: Environment): Wanted {
  // Not strict: what it would throw is worded for programmers.
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: OPTIONS,
  });
  for (const token of tokens) {
    const wrong = token.kind === 'option' ? optionMistake(token) : undefined;
    if (wrong !== undefined) return mistake(wrong);
  }
  if (values.help === true) return { command: 'help' };
  const [command, ...operands] = positionals;
  const where = databaseOf(values, env);
  const isJson = values.json === true;
  switch (command) {
    case undefined:
      return mistake('say what to do');
    case 'migrate':
      if (operands.length > 0)
        return mistake('migrate takes no argument; name it with --db <database>');
      return { command, ...where, ...migrateOptions(values) };
    case 'verify': {
      if (operands.length === 0) return mistake('say which module');
      const bound = textOf(values['max-states']);
      const pictures = textOf(values.svg);
      const wanted = { modules: operands, isJson, ...(pictures === undefined ? {} : { pictures }) };
      if (bound === undefined) return { command, ...wanted };
      const maxStates = Number(bound);
      if (!Number.isInteger(maxStates) || maxStates < 1) {
        return mistake(`--max-states takes a whole number from 1, not "${bound}"`);
      }
      return { command, ...wanted, maxStates };
    }
    case 'check':
    case 'doctor':
      if (operands.length === 0) return mistake('say which module');
      return { command, modules: operands, ...where, isJson };
    case 'export': {
      const [sagaId, ...others] = operands;
      if (sagaId === undefined) return mistake('say which saga');
      if (others.length > 0)
        return mistake('export takes one saga id; name it with --db <database>');
      return {
        command,
        sagaId,
        ...where,
        withSecrets: values['with-secrets'] === true,
        hidden: readSetting(SHARED_SETTINGS, env, 'BACKSTEP_REDACT'),
      };
    }
    default:
      return mistake(`unknown command "${command}"`);
  }
}

function databaseOf(values: Values, env: Environment): DatabaseRequest {
  const database = textOf(values.db) ?? readSetting(SHARED_SETTINGS, env, 'BACKSTEP_DB');
  // A setting beside a file means nothing; an option would be a mistake, and is told as one.
  const preset = isPostgresUrl(database)
    ? readSetting(SHARED_SETTINGS, env, 'BACKSTEP_SCHEMA')
    : undefined;
  const schema = textOf(values.schema) ?? preset;
  return { database, ...(schema === undefined ? {} : { schema }) };
}

function migrateOptions(values: Values): MigrateOptions {
  const migrationsFolder = textOf(values.migrations);
  const tablePrefix = textOf(values['table-prefix']);
  return {
    ...(migrationsFolder === undefined ? {} : { migrationsFolder }),
    ...(tablePrefix === undefined ? {} : { tablePrefix }),
  };
}

type Values = Readonly<Partial<Record<keyof typeof OPTIONS, string | boolean | undefined>>>;

/** An option as `parseArgs` found it. */
interface Option {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function optionMistake({ name, rawName, value, inlineValue }: Option): string | undefined {
  if (!isKnown(name)) return `there is no option ${rawName}`;
  const takesValue = OPTIONS[name].type === 'string';
  if (!takesValue) return value === undefined ? undefined : `${rawName} takes no value`;
  // A blank before it: then what looks like an option is one, and the value was forgotten.
  const isForgotten = !value || (inlineValue !== true && value.startsWith('-'));
  return isForgotten ? `${rawName} needs a value: ${rawName} ${placeholderOf(name)}` : undefined;
}

function isKnown(name: string): name is keyof typeof OPTIONS {
  return Object.hasOwn(OPTIONS, name);
}

function placeholderOf(name: string): string {
  return Object.hasOwn(VALUES, name) ? String(Reflect.get(VALUES, name)) : '<value>';
}

function textOf(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function mistake(text: string): Mistake {
  return { command: 'mistake', mistake: text };
}
