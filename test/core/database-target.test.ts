/** Which database is meant, and that no message shows the password of one. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { readDatabase, shownDatabase } from '../../src/core/database-target.ts';

describe('a database', () => {
  it.each(['data/shop.db', './a b.db', 'd:shop.db'])('is the file %s', (path) => {
    expect(readDatabase(path)).toEqual({ kind: 'file', path });
    expect(shownDatabase(path)).toBe(path);
  });

  it.each([
    'postgres://host/shop',
    'postgresql://ada@host:5433/shop?sslmode=require',
    'POSTGRES://host/shop',
    'postgres:///shop?host=/var/run/postgresql',
  ])('is the server %s', (url) => {
    expect(readDatabase(url)).toEqual({ kind: 'postgres', url, direct: url });
    const direct = 'postgres://other/shop';
    expect(readDatabase({ url, direct })).toEqual({ kind: 'postgres', url, direct });
  });

  it.each([
    'mysql://ada:pa55word@host/shop',
    'https://ada:pa55word@host/shop',
    'postgres://ada:pa55word#@host/shop',
    'postgres://ada:pa55word/@host/shop',
    'postgres:ada:pa55word@host/shop',
    { url: 'shop.db' },
    { url: 'postgres://host/shop', direct: 'http://ada:pa55word@host' },
  ])('is none, and is refused without being shown: case %#', (wrong) => {
    const read = () => readDatabase(wrong);
    expect(read).toThrow(expect.objectContaining({ code: 'input-invalid' }));
    expect(read).not.toThrow(/pa55word/);
    expect(shownDatabase(wrong)).not.toContain('pa55word');
  });
});

test.each([
  ['postgres://ada:pa55word@host:5433/shop', 'postgres://ada:[redacted]@host:5433/shop'],
  ['postgres://ada@host/shop', 'postgres://ada@host/shop'],
  ['postgres://ada:pa%3A55%40word@host/shop', 'postgres://ada:[redacted]@host/shop'],
  ['postgres://ada:pa@55word@host/shop', 'postgres://ada:[redacted]@host/shop'],
  [
    'postgres://host/shop?user=ada&password=pa55word&sslmode=require',
    'postgres://host/shop?user=ada&password=[redacted]&sslmode=require',
  ],
  [
    'postgresql://host/shop?sslpassword=pa55word&sslkey=/k',
    'postgresql://host/shop?sslpassword=[redacted]&sslkey=[redacted]',
  ],
  ['postgres:///shop?host=/run', 'postgres:///shop?host=%2Frun'],
  ['postgres://ada:12#pa55word@host/shop', 'postgres://[redacted]'],
  ['postgres://ada:12?pa55word@host/shop', 'postgres://[redacted]'],
  ['postgres://ada:12/pa55word@host/shop', 'postgres://[redacted]'],
  ['postgres://ada:pa 55word@ho st/shop', 'postgres://[redacted]'],
  ['postgres:ada:pa55word@host', 'postgres://[redacted]'],
  ['mysql://ada:pa55word@host/shop', 'mysql://[redacted]'],
])('%s is shown as %s', (url, shown) => {
  expect(shownDatabase(url)).toBe(shown);
});

test('no password of any characters is shown, escaped or as it is', () => {
  const password = fc
    .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
    .map((text) => `S3CR${text}ET7`);
  const places = fc.constantFrom(
    (text: string) => `postgres://ada:${text}@host:5433/shop`,
    (text: string) => `postgres://ada:${encodeURIComponent(text)}@host/shop?sslmode=require`,
    (text: string) => `postgres://host/shop?user=ada&password=${encodeURIComponent(text)}`,
    (text: string) => `postgresql://:${text}@host/shop`,
  );
  fc.assert(
    fc.property(password, places, (text, place) => {
      const shown = shownDatabase(place(text.toWellFormed()));
      expect(shown).not.toMatch(/S3CR|ET7/);
    }),
    { numRuns: 500 },
  );
});
