/**
 * Every setting of the programs: its name, what it may be, and what it is when nothing is said.
 *
 * The one place that reads a setting's text: the launcher, the server, the payment provider and the
 * command all ask here. Must never guess: what it does not know is refused in one sentence, which
 * shows no setting that may carry a secret. Pure: the environment is an argument.
 */
import { isPostgresUrl, isSchemaName, readDatabase, shownDatabase } from './database-target.ts';
import { MAX_DURATION_MS, parseDuration } from './duration.ts';
import { BackstepError } from './errors.ts';

/** Variables by name, as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

interface Setting<Value> {
  readonly preset: Value;
  /** The value of a text that is not empty; `undefined`: it is none. */
  readonly read: (text: string) => Value | undefined;
  /** Goes on "give ...". */
  readonly wants: string;
  /** True: it may carry a secret, and is never shown, but for what `shown` leaves of it. */
  readonly isClosed?: true;
  readonly shown?: (text: string) => string;
}

/** 128 bits in hexadecimal. */
const MIN_TOKEN_LENGTH = 32;
/** A random token of that length has about fourteen different ones. */
const MIN_TOKEN_CHARACTERS = 8;
const MAX_PORT = 65_535;
const HOST_NAME = /^(?:[\w.-]+|\[[\da-f:.]+\])$/i;
const ADDRESS = /^[\da-f.:]+(?:\/\d{1,3})?$/i;

/** In the order in which they are listed to people. */
export const SETTINGS = {
  HOST: setting('127.0.0.1', 'a name or an address without a port', (text) =>
    /^[\w.:-]+$/.test(text) ? text : undefined,
  ),
  PORT: wholeNumber(3_000, 0, MAX_PORT),
  BACKSTEP_DB: {
    ...closed('data/backstep.db', 'the path of a file or a postgres: URL', asDatabase),
    shown: shownDatabase,
  },
  BACKSTEP_SCHEMA: setting('backstep', 'letters, digits and _, such as backstep', (text) =>
    isSchemaName(text) ? text : undefined,
  ),
  BACKSTEP_KEEP_ENDED: setting<number | null>(
    null,
    'for example 12h or 30d, up to 3650d',
    (text) => {
      const ms = parseDuration(text);
      return ms === null || ms > MAX_DURATION_MS ? undefined : ms;
    },
  ),
  BACKSTEP_TOKEN: closed<string | null>(
    null,
    `a random text of at least ${MIN_TOKEN_LENGTH} characters without blanks, ` +
      'for example from: openssl rand -hex 32',
    (text) => (isToken(text) ? text : undefined),
  ),
  BACKSTEP_TOKEN_FILE: closed<string | null>(null, 'the path of a file', asPath),
  BACKSTEP_ALLOWED_HOSTS: { ...list(HOST_NAME, 'names without scheme and port'), isClosed: true },
  BACKSTEP_TRUSTED_PROXIES: list(ADDRESS, 'addresses such as 10.0.0.5 or 10.0.0.0/8'),
  BACKSTEP_READ_ONLY: onOrOff(false),
  BACKSTEP_REQUESTS_PER_SECOND: setting<number | null>(
    2_000,
    'a number from 1 to 1000000, or "off"',
    (text) => (text === 'off' ? null : numberIn(text, 1, 1_000_000)),
  ),
  BACKSTEP_MAX_CLIENTS: wholeNumber(200, 1, 1_500),
  BACKSTEP_REDACT: list(/^[\w$ .-]+$/, 'names of members'),
  BACKSTEP_FAULTS: onOrOff(true),
  BACKSTEP_INSPECT_SEND: onOrOff(false),
  BACKSTEP_VERIFY: oneOf('warn', 'warn', 'refuse', 'off'),
  PAYMENT_PROVIDER_PORT: wholeNumber(0, 0, MAX_PORT),
  PAYMENT_PROVIDER_DB: setting('data/payment-provider.db', 'the path of a file', asPath),
  PAYMENT_PROVIDER_URL: closed<string | null>(
    null,
    'an http or https address without user, password or query',
    asServiceAddress,
  ),
  SMTP_URL: closed<string | null>(null, 'an smtp or smtps address of a host', (text) =>
    isAddressOf(text, ['smtp:', 'smtps:']) ? text : undefined,
  ),
  LOG_LEVEL: oneOf('info', 'trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
} as const;

export type SettingName = keyof typeof SETTINGS;

/** What a setting is. */
export type SettingValue<Name extends SettingName> = (typeof SETTINGS)[Name]['preset'];

/** One setting, or its preset where it is not set or empty. Throws `input-invalid`. */
export function settingOf<Name extends SettingName>(
  env: Environment,
  name: Name,
): SettingValue<Name> {
  const { preset, read, wants }: Setting<SettingValue<Name>> = SETTINGS[name];
  const text = env[name] ?? '';
  if (text === '') return preset;
  const value = read(text);
  if (value !== undefined) return value;
  const shown = shownSetting(name, text);
  const given = shown === null ? 'is not usable' : `is ${JSON.stringify(shown.slice(0, 100))}`;
  throw new BackstepError('input-invalid', `${name} ${given}; give ${wants}`);
}

/**
 * Reads every setting, so that a program refuses to start before it does anything. A name that
 * begins like ours and is none is refused too: what it was to switch would stay as it is.
 */
export function checkSettings(env: Environment): void {
  for (const name of settingNames()) settingOf(env, name);
  const unknown = Object.keys(env).find(
    (name) => name.startsWith('BACKSTEP_') && !Object.hasOwn(SETTINGS, name),
  );
  if (unknown === undefined) return;
  const known = settingNames().filter((name) => name.startsWith('BACKSTEP_'));
  const message = `${unknown} is no setting; there are ${known.join(', ')}`;
  throw new BackstepError('input-invalid', message);
}

export function settingNames(): readonly SettingName[] {
  return Object.keys(SETTINGS) as SettingName[]; // what `Object.keys` says of a literal
}

/** True for a setting that may carry a secret, or lead to one. */
export function isClosedSetting(name: string): boolean {
  return Object.hasOwn(SETTINGS, name) && 'isClosed' in Object(Reflect.get(SETTINGS, name));
}

/** What people may see of the text of a setting; `null`: nothing. */
export function shownSetting(name: SettingName, text: string): string | null {
  const { isClosed, shown }: Setting<SettingValue<SettingName>> = SETTINGS[name];
  if (shown !== undefined) return shown(text);
  return isClosed === true ? null : text;
}

/** True for a text that could be random. */
export function isToken(text: string): boolean {
  if (text.length < MIN_TOKEN_LENGTH || /\s/.test(text)) return false;
  const isRepeated = `${text}${text}`.indexOf(text, 1) < text.length;
  return !isRepeated && new Set(text).size >= MIN_TOKEN_CHARACTERS;
}

function setting<Value>(
  preset: Value,
  wants: string,
  read: (text: string) => Value | undefined,
): Setting<Value> {
  return { preset, wants, read };
}

function closed<Value>(...parts: Parameters<typeof setting<Value>>): Setting<Value> {
  return { ...setting(...parts), isClosed: true };
}

function onOrOff(preset: boolean): Setting<boolean> {
  return setting(preset, '"on" or "off"', (text) =>
    text === 'on' ? true : text === 'off' ? false : undefined,
  );
}

function oneOf<Text extends string>(preset: Text, ...texts: readonly Text[]): Setting<Text> {
  return setting(preset, texts.join(', '), (text) => texts.find((known) => known === text));
}

function wholeNumber(preset: number, least: number, most: number): Setting<number> {
  return setting(preset, `a number from ${least} to ${most}`, (text) =>
    numberIn(text, least, most),
  );
}

function list(item: RegExp, wants: string): Setting<readonly string[]> {
  return setting<readonly string[]>([], `${wants}, joined with commas`, (text) => {
    const items = text.split(',').map((part) => part.trim());
    return items.every((part) => item.test(part)) ? items : undefined;
  });
}

function numberIn(text: string, least: number, most: number): number | undefined {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  return number >= least && number <= most ? number : undefined;
}

function asPath(text: string): string | undefined {
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

function asServiceAddress(text: string): string | undefined {
  if (!isAddressOf(text, ['http:', 'https:'])) return undefined;
  const { username, password, search, hash } = new URL(text);
  return `${username}${password}${search}${hash}` === '' ? text.replace(/\/+$/, '') : undefined;
}

function isAddressOf(text: string, protocols: readonly string[]): boolean {
  if (/\s/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocols.includes(protocol) && hostname !== '';
}
