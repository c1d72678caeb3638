/** Forms made of schemas: which fields there are, and how what was typed is read. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { StandardSchema } from '../../../src/core/standard-schema.ts';
import { fieldAt, fieldsOf, typedIn } from '../../../src/server/dashboard/forms/schema-fields.ts';

const Order = z.object({
  item: z.string().min(2).max(40).meta({ description: 'What is packed.' }),
  note: z.string().optional(),
  mail: z.email(),
  count: z.int().min(1).max(9).default(1),
  weight: z.number().optional(),
  isGift: z.boolean().optional(),
  size: z.enum(['small', 'large']),
  floor: z.union([z.literal(1), z.literal(2)]).optional(),
  kind: z.literal('order'),
  address: z.object({ street: z.string() }).optional(),
  tags: z.array(z.string()).optional(),
});

const fields = fieldsOf(Order);
const typed = (given: Readonly<Record<string, string>>, of = fields) =>
  typedIn(of, new Map(Object.entries(given).map(([name, text]) => [`input.${name}`, text])));

describe('the fields', () => {
  it('are those of the schema, each of the kind that fits', () => {
    expect(fields.map(({ name, kind, isRequired }) => [name, kind, isRequired])).toEqual([
      ['item', 'text', true],
      ['note', 'text', false],
      ['mail', 'email', true],
      ['count', 'number', false],
      ['weight', 'number', false],
      ['isGift', 'yes-no', false],
      ['size', 'choice', true],
      ['floor', 'json', false],
      ['kind', 'choice', true],
      ['address', 'json', false],
      ['tags', 'json', false],
    ]);
    expect(fields[0]).toMatchObject({ hint: 'What is packed.', least: 2, most: 40 });
    expect(fields[3]).toMatchObject({ preset: '1', isWhole: true, least: 1, most: 9 });
    expect(fields[6]?.choices).toEqual(['small', 'large']);
  });

  it.each<[string, StandardSchema | null]>([
    ['no schema', null],
    ['a text', z.string()],
    ['an object with further members', z.looseObject({ a: z.string() })],
    ['a record', z.record(z.string(), z.number())],
    ['a schema that JSON Schema has no words for', z.object({ at: z.date() })],
    ['a library that tells nothing of its schemas', silentSchema()],
  ])('are one box for JSON where there is %s', (_what, schema) => {
    expect(fieldsOf(schema).map(({ name, kind }) => [name, kind])).toEqual([['', 'json']]);
  });

  it('are none where there is nothing to fill in', () => {
    expect(fieldsOf(z.object({}))).toEqual([]);
    expect(typedIn([], new Map())).toEqual({ value: {}, problems: new Map() });
  });
});

describe('what was typed', () => {
  it('becomes the value that the schema takes', async () => {
    const { value, problems } = typed({
      item: 'book',
      mail: 'ada@example.com',
      count: '3',
      weight: '0.5',
      isGift: 'false',
      size: 'large',
      floor: '2',
      kind: 'order',
      address: '{ "street": "Main" }',
      tags: '["a"]',
    });
    expect(problems.size).toBe(0);
    expect(await Order.parseAsync(value)).toEqual({
      item: 'book',
      mail: 'ada@example.com',
      count: 3,
      weight: 0.5,
      isGift: false,
      size: 'large',
      floor: 2,
      kind: 'order',
      address: { street: 'Main' },
      tags: ['a'],
    });
  });

  it('leaves out what is empty, but for a text that must be there', () => {
    expect(typed({}).value).toEqual({ item: '', mail: '' });
    expect(typed({ count: ' ', tags: ' ', size: '' }).value).toEqual({ item: '', mail: '' });
  });

  it.each([
    [{ count: 'many' }, 'count'],
    [{ weight: '1e999' }, 'weight'],
    [{ tags: '[1' }, 'tags'],
    [{ tags: '{"a":1,"a":2}' }, 'tags'],
    [{ tags: '['.repeat(100) }, 'tags'],
    [{ address: 'street' }, 'address'],
  ])('%j is refused at its field, and nothing else is', (given, name) => {
    expect([...typed(given).problems.keys()]).toEqual([name]);
  });

  it('is left to the schema where it is only out of range', () => {
    const { value, problems } = typed({ count: '99', size: 'huge', isGift: 'perhaps' });
    expect(problems.size).toBe(0);
    expect(value).toMatchObject({ count: 99, size: 'huge', isGift: 'perhaps' });
  });

  it('has members named like those of every object', () => {
    const odd = fieldsOf(z.object({ constructor: z.string(), toString: z.string() }));
    expect(typed({ constructor: 'a', toString: 'b' }, odd).value).toEqual({
      constructor: 'a',
      toString: 'b',
    });
  });
});

describe('a problem', () => {
  it('belongs to the field that it is inside of', () => {
    const names = (path: string) => fieldAt(fields, path)?.name;
    expect(['item', 'address.street', 'tags.0', 'items', ''].map(names)).toEqual([
      'item',
      'address',
      'tags',
      undefined,
      undefined,
    ]);
    expect(fieldAt(fieldsOf(null), 'a.b')?.name).toBe('');
  });
});

function silentSchema(): StandardSchema {
  return { '~standard': { version: 1, vendor: 'silent', validate: (value) => ({ value }) } };
}
