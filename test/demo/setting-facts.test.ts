/** What the debug page tells of the settings that the demo was started with. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { settingFacts } from '../../src/demo/setting-facts.ts';

test('have no value of a setting that may be a secret', () => {
  const secret = 'a-secret-that-nobody-may-read';
  const env = { BACKSTEP_TOKEN: secret, SMTP_URL: `smtp://user:${secret}@host`, PORT: '1234' };
  const facts = settingFacts(env);
  expect(JSON.stringify(facts)).not.toContain(secret);
  expect(facts).toContainEqual({ name: 'BACKSTEP_TOKEN', value: 'set, not shown' });
  expect(facts).toContainEqual({ name: 'PORT', value: '1234' });
});

test('show the URL of a database, and no password in it', () => {
  const url = 'postgres://ada:pa55word@host/shop?sslmode=require&password=pa55word';
  const fact = settingFacts({ BACKSTEP_DB: url }).find(({ name }) => name === 'BACKSTEP_DB');
  expect(fact?.value).toContain('host/shop?sslmode=require');
  expect(fact?.value).not.toContain('pa55word');
  expect(settingFacts({ BACKSTEP_DB: 'data/a.db' })).toContainEqual({
    name: 'BACKSTEP_DB',
    value: 'data/a.db',
  });
});

test('have every setting that .env.example names', () => {
  const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
  const named = [...example.matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(15);
  const shown = settingFacts({}).map(({ name }) => name);
  expect(shown).toEqual(expect.arrayContaining(named));
});

test('tell the provider that the launcher started from one that was set', () => {
  const url = 'http://127.0.0.1:4000';
  const valueIn = (env: Readonly<Record<string, string>>) =>
    settingFacts(env).find(({ name }) => name === 'PAYMENT_PROVIDER_URL')?.value;
  expect(valueIn({ PAYMENT_PROVIDER_URL: url })).toBe('set, not shown');
  const own = { PAYMENT_PROVIDER_URL: url, PAYMENT_PROVIDER_KEPT: 'yes' };
  expect(valueIn(own)).toBe('not set: the launcher started one');
});
