/**
 * What a program reads from its environment: settings by name, each with what it may be and what it
 * is when nothing is said.
 *
 * The one place that reads a setting's text; each program has a table of its own. Must never guess:
 * what it does not know is refused in one sentence, which shows no setting that may carry a secret.
 * Pure: the environment is an argument.
 */
import { isPostgresUrl, isSchemaName, readDatabase, shownDatabase } from './database-target.ts';
import { BackstepError } from './errors.ts';
import { isHttpUrl } from './http-url.ts';

/** Variables by name, as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Setting<Value> {
  readonly preset: Value;
  /** The value of a text that is not empty; `undefined`: it is none. */
  readonly read: (text: string) => Value | undefined;
  /** Goes on "give ...". */
  readonly wants: string;
  /** True: it may carry a secret, and is never shown, but for what `shown` leaves of it. */
  readonly isClosed?: true;
  readonly shown?: (text: string) => string;
}

/** Settings by name, in the order in which they are listed to people. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** What is read of a setting of a table. */
export type SettingValue<Table extends Settings, Name extends keyof Table> = Table[Name]['preset'];

/** Of every program here: the command and the server alike. */
export const SHARED_SETTINGS = {
  BACKSTEP_DB: {
    ...closed('data/backstep.db', 'the path of a file or a postgres: URL', asDatabase),
    shown: shownDatabase,
  },
  BACKSTEP_SCHEMA: setting('backstep', 'letters, digits and _, such as backstep', (text) =>
    isSchemaName(text) ? text : undefined,
  ),
  BACKSTEP_REDACT: list(/^[\w$ .-]+$/, 'names of members'),
  BACKSTEP_URL: setting('http://127.0.0.1:3000', 'the URL of a server', (text) =>
    isHttpUrl(text) ? text : undefined,
  ),
} as const;

/** One setting, or its preset where it is not set or empty. Throws `input-invalid`. */
export function readSetting<Table extends Settings, Name extends keyof Table & string>(
  table: Table,
  env: Environment,
  name: Name,
): SettingValue<Table, Name> {
  const found = table[name] as Setting<SettingValue<Table, Name>>;
  const { preset, read, wants } = found;
  const text = env[name] ?? '';
  if (text === '') return preset;
  const value = read(text);
  if (value !== undefined) return value;
  const shown = shownSetting(found, text);
  const given = shown === null ? 'is not usable' : `is ${JSON.stringify(shown.slice(0, 100))}`;
  throw new BackstepError('input-invalid', `${name} ${given}; give ${wants}`);
}

/**
 * Reads every setting, so that a program refuses to start before it does anything. A name that
 * begins like ours and is none is refused too: what it was to switch would stay as it is.
 */
export function checkSettings(table: Settings, env: Environment): void {
  const names = Object.keys(table);
  for (const name of names) readSetting(table, env, name);
  const unknown = Object.keys(env).find(
    (name) => name.startsWith('BACKSTEP_') && !names.includes(name),
  );
  if (unknown === undefined) return;
  const known = names.filter((name) => name.startsWith('BACKSTEP_'));
  const message = `${unknown} is no setting; there are ${known.join(', ')}`;
  throw new BackstepError('input-invalid', message);
}

/** What people may see of the text of a setting; `null`: nothing. */
export function shownSetting({ isClosed, shown }: Setting<unknown>, text: string): string | null {
  if (shown !== undefined) return shown(text);
  return isClosed === true ? null : text;
}

/** A setting of any kind. */
export function setting<Value>(
  preset: Value,
  wants: string,
  read: (text: string) => Value | undefined,
): Setting<Value> {
  return { preset, wants, read };
}

/** The same for one that may carry a secret. */
export function closed<Value>(...parts: Parameters<typeof setting<Value>>): Setting<Value> {
  return { ...setting(...parts), isClosed: true };
}

export function onOrOff(preset: boolean): Setting<boolean> {
  return setting(preset, '"on" or "off"', (text) =>
    text === 'on' ? true : text === 'off' ? false : undefined,
  );
}

export function oneOf<Text extends string>(preset: Text, ...texts: readonly Text[]): Setting<Text> {
  return setting(preset, texts.join(', '), (text) => texts.find((known) => known === text));
}

export function wholeNumber(preset: number, least: number, most: number): Setting<number> {
  return setting(preset, `a number from ${least} to ${most}`, (text) =>
    numberIn(text, least, most),
  );
}

export function list(item: RegExp, wants: string): Setting<readonly string[]> {
  return setting<readonly string[]>([], `${wants}, joined with commas`, (text) => {
    const items = text.split(',').map((part) => part.trim());
    return items.every((part) => item.test(part)) ? items : undefined;
  });
}

/** Digits as a number between two bounds. */
export function numberIn(text: string, least: number, most: number): number | undefined {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  return number >= least && number <= most ? number : undefined;
}

/** The path of a file. */
export function asPath(text: string): string | undefined {
  // Of these SQLite and Node would make something else than a file of that name.
  return /^(?:file|https?):|\0/i.test(text) || text.trim() === '' ? undefined : text;
}

function asDatabase(text: string): string | undefined {
  if (!isPostgresUrl(text)) return text.includes('://') ? undefined : asPath(text);
  try {
    readDatabase(text);
    return text;
  } catch {
    return undefined; // the refusal says what is wanted, and no more of the text than is harmless
  }
}
