import { expect, test } from 'vitest';
import {
  checkSettings,
  closed,
  onOrOff,
  readSetting,
  SHARED_SETTINGS,
  wholeNumber,
} from '../../src/core/settings.ts';

const TABLE = {
  BACKSTEP_LOUD: onOrOff(false),
  ROOMS: wholeNumber(3, 1, 9),
  BACKSTEP_KEY: closed<string | null>(null, 'a long text', (text) =>
    text.length > 8 ? text : undefined,
  ),
};

test('a setting is its preset where it is not set, or empty', () => {
  expect(readSetting(TABLE, {}, 'ROOMS')).toBe(3);
  expect(readSetting(TABLE, { ROOMS: '' }, 'ROOMS')).toBe(3);
  expect(readSetting(SHARED_SETTINGS, {}, 'BACKSTEP_DB')).toBe('data/backstep.db');
});

test('a setting that is good is read', () => {
  expect(readSetting(TABLE, { BACKSTEP_LOUD: 'on', ROOMS: '9' }, 'BACKSTEP_LOUD')).toBe(true);
  const shared = readSetting(SHARED_SETTINGS, { BACKSTEP_REDACT: 'iban, bic' }, 'BACKSTEP_REDACT');
  expect(shared).toEqual(['iban', 'bic']);
});

test('one that is no good is refused with what to give, and a closed one is not shown', () => {
  const check = (env: Readonly<Record<string, string>>) => () => checkSettings(TABLE, env);
  expect(check({ ROOMS: '10' })).toThrow('ROOMS is "10"; give a number from 1 to 9');
  expect(check({ BACKSTEP_KEY: 'sesame' })).toThrow(
    /^BACKSTEP_KEY is not usable; give a long text$/,
  );
});

test('a name that begins like ours and is none is refused with those that there are', () => {
  expect(() => checkSettings(TABLE, { BACKSTEP_LUOD: 'on' })).toThrow(
    'BACKSTEP_LUOD is no setting; there are BACKSTEP_LOUD, BACKSTEP_KEY',
  );
  expect(() => checkSettings(TABLE, { PATH: '/bin' })).not.toThrow();
});
