import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { checkSettings, settingNames, settingOf, SETTINGS } from '../../src/demo/settings.ts';

const TOKEN = '4f1c9a07d2e85b36c0419fe7a2b8d563';

test('.env.example names every setting, with its preset, and no other', () => {
  const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
  const given = [...example.matchAll(/^(?:# )?([A-Z][A-Z_]+)=(.*)$/gm)];
  expect(new Set(given.map(([, name]) => name))).toEqual(new Set(settingNames()));
  const set = [...example.matchAll(/^([A-Z][A-Z_]+)=(.*)$/gm)];
  const env = Object.fromEntries(set.map(([, name = '', text = '']) => [name, text]));
  for (const name of settingNames()) {
    if (name in env) expect([name, settingOf(env, name)]).toEqual([name, SETTINGS[name].preset]);
  }
});

describe('a setting', () => {
  it('is its preset where it is not set, or empty', () => {
    for (const name of settingNames()) {
      expect(settingOf({}, name)).toEqual(SETTINGS[name].preset);
      expect(settingOf({ [name]: '' }, name)).toEqual(SETTINGS[name].preset);
    }
  });

  it.each([
    ...['OFF', 'false', '0', 'no', ' off', 'off ', 'disabled', 'On', 'true', '1'].flatMap((text) =>
      ['BACKSTEP_FAULTS', 'BACKSTEP_READ_ONLY', 'BACKSTEP_INSPECT_SEND'].map((name) => [
        name,
        text,
      ]),
    ),
    ['LOG_LEVEL', 'nonsense'],
    ['LOG_LEVEL', 'INFO'],
    ['BACKSTEP_KEEP_ENDED', '99999999d'],
    ['BACKSTEP_KEEP_ENDED', '30'],
    ['BACKSTEP_KEEP_ENDED', '-1d'],
    ['BACKSTEP_VERIFY', 'OFF'],
    ['BACKSTEP_VERIFY', 'maybe'],
    ['BACKSTEP_REQUESTS_PER_SECOND', 'OFF'],
    ['BACKSTEP_REQUESTS_PER_SECOND', '0'],
    ['BACKSTEP_MAX_CLIENTS', '1e3'],
    ['PORT', '65536'],
    ['PORT', '0x50'],
    ['PAYMENT_PROVIDER_PORT', 'x'],
    ['HOST', '127.0.0.1 '],
    ['HOST', 'http://0.0.0.0'],
    ['BACKSTEP_ALLOWED_HOSTS', 'https://sagas.example'],
    ['BACKSTEP_ALLOWED_HOSTS', 'a,,b'],
    ['BACKSTEP_TRUSTED_PROXIES', 'proxy'],
    ['BACKSTEP_REDACT', 'iban;bic'],
    ['BACKSTEP_DB', 'file:data.db'],
    ['BACKSTEP_DB', ' '],
    ['BACKSTEP_DB', 'postgres:kim:pa55word@host/shop'],
    ['BACKSTEP_DB', 'mysql://kim:pa55word@host/shop'],
    ['BACKSTEP_SCHEMA', '1st'],
    ['BACKSTEP_SCHEMA', 'pg_shop'],
    ['BACKSTEP_SCHEMA', 'a"b'],
    ['PAYMENT_PROVIDER_DB', 'https://host/x.db'],
    ['PAYMENT_PROVIDER_URL', 'file:///etc/passwd'],
    ['PAYMENT_PROVIDER_URL', 'localhost:4000'],
    ['PAYMENT_PROVIDER_URL', 'http://kim:pa55word@host'],
    ['PAYMENT_PROVIDER_URL', 'http://kim@host'],
    ['PAYMENT_PROVIDER_URL', 'http://host/?key=pa55word'],
    ['PAYMENT_PROVIDER_URL', 'nonsense'],
    ['SMTP_URL', 'file:///tmp/mail'],
    ['SMTP_URL', 'http://host'],
    ['SMTP_URL', 'smtp://'],
    ['SMTP_URL', 'kim@host'],
    ['BACKSTEP_TOKEN', 'a'.repeat(32)],
    ['BACKSTEP_TOKEN', 'abcdefgh'.repeat(4)],
    ['BACKSTEP_TOKEN', TOKEN.slice(1)],
    ['BACKSTEP_TOKEN', `${TOKEN.slice(0, 16)} ${TOKEN.slice(16)}`],
  ])('that is no good is refused in one sentence that says what to give: %s=%j', (name, text) => {
    const check = (): void => checkSettings({ [name]: text });
    expect(check).toThrow(expect.objectContaining({ code: 'input-invalid' }));
    expect(check).toThrow(new RegExp(`^${name} (is .*|is not usable); give [^\\n]+$`));
    const isSecret = name === 'BACKSTEP_TOKEN' || text.includes('pa55word');
    if (isSecret) expect(check).toThrow(expect.objectContaining({ message: notShowing(text) }));
  });

  it.each([
    [undefined, 'warn'],
    ['', 'warn'],
    ['refuse', 'refuse'],
    ['off', 'off'],
  ])('that is one of some words is that word: BACKSTEP_VERIFY=%j is %s', (given, mode) => {
    expect(settingOf({ BACKSTEP_VERIFY: given }, 'BACKSTEP_VERIFY')).toBe(mode);
  });

  it('that is misspelt is refused, with the names that there are', () => {
    expect(() => checkSettings({ BACKSTEP_READONLY: 'on' })).toThrow(
      /^BACKSTEP_READONLY is no setting; there are .*BACKSTEP_READ_ONLY/,
    );
    expect(() => checkSettings({ PATH: '/bin', OTHER: 'x' })).not.toThrow();
  });

  it('that is good is read', () => {
    const env = {
      BACKSTEP_KEEP_ENDED: '30d',
      BACKSTEP_REDACT: 'iban, bic',
      BACKSTEP_FAULTS: 'off',
      PAYMENT_PROVIDER_URL: 'https://pay.example/v1/',
      SMTP_URL: 'smtps://kim:pa55word@mail.example:465',
      BACKSTEP_TOKEN: TOKEN,
      BACKSTEP_TRUSTED_PROXIES: '10.0.0.5, fd00::/8',
    };
    checkSettings(env);
    expect(settingOf(env, 'BACKSTEP_KEEP_ENDED')).toBe(30 * 86_400_000);
    expect(settingOf(env, 'BACKSTEP_REDACT')).toEqual(['iban', 'bic']);
    expect(settingOf(env, 'BACKSTEP_FAULTS')).toBe(false);
    expect(settingOf(env, 'PAYMENT_PROVIDER_URL')).toBe('https://pay.example/v1');
    expect(settingOf(env, 'BACKSTEP_TRUSTED_PROXIES')).toEqual(['10.0.0.5', 'fd00::/8']);
  });
});

function notShowing(text: string): unknown {
  return expect.not.stringContaining(text);
}
