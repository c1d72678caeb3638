/**
 * Every setting of the demo's programs, and how they are read; the payment provider, a service of
 * its own, has its part in a table of its own.
 */
import { PROVIDER_SETTINGS } from '../../actors/payment/payment-provider-settings.ts';
import { type Duration, parseDuration, toMs } from '../core/duration.ts';
import {
  asPath,
  checkSettings as checkAll,
  closed,
  type Environment,
  list,
  numberIn,
  oneOf,
  onOrOff,
  readSetting,
  type Setting,
  setting,
  type SettingValue,
  SHARED_SETTINGS,
  wholeNumber,
} from '../core/settings.ts';
import { isToken, TOKEN_WANTS } from '../server/access/token.ts';

const MAX_PORT = 65_535;
const HOST_NAME = /^(?:[\w.-]+|\[[\da-f:.]+\])$/i;
const ADDRESS = /^[\da-f.:]+(?:\/\d{1,3})?$/i;

/** In the order in which they are listed to people. */
export const SETTINGS = {
  HOST: setting('127.0.0.1', 'a name or an address without a port', (text) =>
    /^[\w.:-]+$/.test(text) ? text : undefined,
  ),
  PORT: wholeNumber(3_000, 0, MAX_PORT),
  ...SHARED_SETTINGS,
  BACKSTEP_LABEL: setting<string | null>(null, 'a text of 1 to 255 visible characters', (text) =>
    /^[^\p{C}]{1,255}$/u.test(text) ? text : undefined,
  ),
  BACKSTEP_BEAT_EVERY: duration('500ms', '1m'),
  BACKSTEP_LOOK_EVERY: duration('200ms', '1m'),
  BACKSTEP_DEAD_AFTER: duration('1s', '1h'),
  BACKSTEP_HUNG_AFTER: duration('3s', '1h'),
  BACKSTEP_KEEP_ENDED: duration('12h', '3650d'),
  BACKSTEP_ALERTS: closed<string | null>(null, 'the path of a file', asPath),
  BACKSTEP_RESTATE: address(null, 'http://127.0.0.1:8080'),
  BACKSTEP_RESTATE_ADMIN: address('http://127.0.0.1:9070', 'http://127.0.0.1:9070'),
  BACKSTEP_WORKERS: wholeNumber(2, 1, 16),
  BACKSTEP_WORKERS_PORT: wholeNumber(9_080, 1, MAX_PORT),
  BACKSTEP_JOURNAL_PORT: wholeNumber(9_081, 1, MAX_PORT),
  BACKSTEP_PARTICIPANTS_PORT: wholeNumber(9_082, 1, MAX_PORT),
  BACKSTEP_TOKEN: closed<string | null>(
    null,
    `${TOKEN_WANTS}, for example from: openssl rand -hex 32`,
    (text) => (isToken(text) ? text : undefined),
  ),
  BACKSTEP_TOKEN_FILE: closed<string | null>(null, 'the path of a file', asPath),
  BACKSTEP_ALLOWED_HOSTS: { ...list(HOST_NAME, 'names without scheme and port'), isClosed: true },
  BACKSTEP_TRUSTED_PROXIES: list(ADDRESS, 'addresses such as 10.0.0.5 or 10.0.0.0/8'),
  BACKSTEP_REQUESTS_PER_SECOND: setting<number | null>(
    2_000,
    'a number from 1 to 1000000, or "off"',
    (text) => (text === 'off' ? null : numberIn(text, 1, 1_000_000)),
  ),
  BACKSTEP_MAX_CLIENTS: wholeNumber(200, 1, 1_500),
  BACKSTEP_INSPECT_SEND: onOrOff(false),
  BACKSTEP_VERIFY: oneOf('warn', 'warn', 'refuse', 'off'),
  ...PROVIDER_SETTINGS,
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

/** One setting, or its preset where it is not set or empty. Throws `input-invalid`. */
export function settingOf<Name extends SettingName>(
  env: Environment,
  name: Name,
): SettingValue<typeof SETTINGS, Name> {
  return readSetting(SETTINGS, env, name);
}

/** Throws `input-invalid` for the first setting that is no good, and for one that there is not. */
export function checkSettings(env: Environment): void {
  checkAll(SETTINGS, env);
}

export function settingNames(): readonly SettingName[] {
  return Object.keys(SETTINGS) as SettingName[]; // what `Object.keys` says of a literal
}

/** True for a setting that may carry a secret, or lead to one. */
export function isClosedSetting(name: string): boolean {
  return Object.hasOwn(SETTINGS, name) && 'isClosed' in Object(Reflect.get(SETTINGS, name));
}

function duration(example: string, most: Duration): Setting<number | null> {
  return setting<number | null>(null, `for example ${example}, up to ${most}`, (text) => {
    const ms = parseDuration(text);
    return ms === null || ms > toMs(most, 'a setting') ? undefined : ms;
  });
}

function address<Preset extends string | null>(preset: Preset, example: string) {
  const wants = `an http or https address without user, password or query, such as ${example}`;
  return setting<Preset | string>(preset, wants, asServiceAddress);
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
