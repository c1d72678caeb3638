/** The values that `verify` explores with: those that schemas take, and no others. */
import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { z } from 'zod';
import { durable } from '../../src/core/define/durable.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import type { StandardSchema } from '../../src/core/standard-schema.ts';
import { textFor } from '../../src/verify/values/pattern-text.ts';
import { verify } from '../../src/verify/verify.ts';

type Steps = Record<'one' | 'other' | 'undo' | 'undoOther', (input: unknown) => unknown>;

const undo = { activity: 'undo', input: () => null } as const;
const undoOther = { activity: 'undoOther', input: () => null } as const;

/** One step that maps the input. */
function mapping<S extends StandardSchema>(
  input: S,
  map: (input: never) => unknown,
  rest: object = {},
) {
  return defineSaga({ activities: {} as Steps, id: 'mapping', input, ...rest })
    .step('one', { input: ({ input: given }) => map(given as never), compensate: undo })
    .build();
}

function inputsOf(schema: StandardSchema): unknown[] {
  const seen = new Set<string>();
  const saga = mapping(schema, (given) => {
    seen.add(JSON.stringify(given));
    return null;
  });
  expect(verify(saga).findings).toEqual([]);
  return [...seen].map((text) => JSON.parse(text) as unknown).filter((each) => isIn(schema, each));
}

function isIn(schema: StandardSchema, value: unknown): boolean {
  const answer = schema['~standard'].validate(value);
  return !('then' in answer) && answer.issues === undefined;
}

describe('a schema', () => {
  test.each([
    ['a well-known form of text', z.object({ mail: z.email(), id: z.uuid(), at: z.iso.date() })],
    ['a text of a pattern', z.object({ sku: z.string().regex(/^[A-Z]{2}-\d{4}(x|y)?$/) })],
    ['a text of a length', z.object({ code: z.string().min(12).max(14) })],
    ['a number within bounds', z.object({ count: z.int().min(5).max(9).multipleOf(3) })],
    ['a list that may not be empty', z.object({ lines: z.array(z.object({ n: z.int() })).min(2) })],
    ['a type that names itself', z.object({ tree: tree() })],
    ['a check that only its message explains', z.object({ way: checked() })],
    ['a value that is changed', z.object({ sum: z.string().transform((text) => text.length) })],
  ])('is given what it takes: %s', (_, schema) => {
    const { findings, exhaustive, values } = verify(mapping(schema, () => null));
    expect(findings).toEqual([]);
    expect(exhaustive).toBe(true);
    expect(values[0]).toMatchObject({ member: 'input', from: 'schema' });
  });

  test('of choices has each of them tried, and each member that may be missing left out', () => {
    const schema = z.object({
      kind: z.enum(['card', 'bill']),
      express: z.boolean(),
      note: z.string().optional(),
    });
    const seen = inputsOf(schema) as z.infer<typeof schema>[];
    expect(new Set(seen.map(({ kind }) => kind))).toEqual(new Set(['card', 'bill']));
    expect(new Set(seen.map(({ express }) => express))).toEqual(new Set([true, false]));
    expect(seen.some((each) => !('note' in each))).toBe(true);
  });

  test('that lets a member be missing finds out the mapper that needs it', () => {
    const schema = z.object({ note: z.string().optional() });
    const saga = mapping(schema, ({ note }: { note: string }) => note.toUpperCase());
    expect(verify(saga).findings).toMatchObject([{ code: 'throws', severity: 'error' }]);
    const sound = mapping(schema, ({ note }: { note?: string }) => note?.toUpperCase() ?? '');
    expect(verify(sound).findings).toEqual([]);
  });

  test('that nobody can guess a value for asks for an example and names the member', () => {
    const schema = z.object({ iban: z.string().refine((text) => text === 'CH93', 'no such bank') });
    const { findings, exhaustive, bounds } = verify(mapping(schema, () => null));
    expect(findings).toMatchObject([
      { code: 'needs-example', severity: 'warning', where: 'input.iban' },
    ]);
    expect(findings[0]?.what).toBe('input.iban: no example; the schema says: no such bank');
    expect({ exhaustive, states: bounds.states }).toEqual({ exhaustive: false, states: 0 });
    const examples = { input: { iban: 'CH93' } };
    expect(
      verify(
        mapping(schema, () => null),
        examples,
      ).findings,
    ).toEqual([]);
  });

  test('excludes what would be wrong for values that never come', () => {
    const schema = z.object({ count: z.int().min(1) });
    const saga = mapping(schema, ({ count }: { count: number }) => {
      if (count < 1) throw new Error('nothing ordered');
      return count;
    });
    expect(verify(saga).findings).toEqual([]);
  });

  test('of an event is given what it takes, too', () => {
    const events = { paid: z.object({ by: z.email(), sum: z.int().min(3) }) };
    const saga = defineSaga({ activities: {} as Steps, id: 'waiting', input: z.object({}), events })
      .wait('money', { on: { paid: 'continue' }, within: '1d' })
      .step('one', {
        input: ({ results: { money } }) => {
          if (money.kind === 'event' && money.event.sum < 3) throw new Error('too little');
          return null;
        },
        compensate: undo,
      })
      .build();
    const { findings, values } = verify(saga);
    expect(findings).toEqual([]);
    expect(values.find(({ member }) => member === 'event "paid"')).toMatchObject({
      value: { by: 'customer@example.com', sum: 3 },
      from: 'schema',
    });
  });
});

describe('a value that was made up', () => {
  test('is to blame where a mapper finds no member that it looks for', () => {
    const saga = defineSaga({ activities: {} as Steps, id: 'listing', input: z.object({}) })
      .step('one', { input: () => null, compensate: undo })
      .step('other', {
        input: ({ results: { one } }) => {
          const { rows } = one as { rows: { id: string; items?: string[] }[] };
          const whole = rows.find(({ id }) => id.length === 36) as { id: string };
          return whole.id;
        },
        compensate: undoOther,
      })
      .build();
    expect(verify(saga).findings).toMatchObject([
      { code: 'needs-example', severity: 'warning', where: 'output of "one"' },
    ]);
    const outputs = { one: [{ rows: [{ id: 'r'.repeat(36) }] }] };
    expect(verify(saga, { outputs }).findings).toEqual([]);
  });

  test('is to blame where the author refuses what is none of the known ones', () => {
    const saga = defineSaga({ activities: {} as Steps, id: 'kinds', input: z.object({}) })
      .step('one', { input: () => null, compensate: undo })
      .step('other', {
        input: ({ results: { one } }) => {
          const { kind } = one as { kind: string };
          if (kind !== 'card') throw new Error(`unknown kind ${kind}`);
          return null;
        },
        compensate: undoOther,
      })
      .build();
    expect(verify(saga).findings).toMatchObject([
      { code: 'needs-example', severity: 'warning', where: 'output of "one"' },
    ]);
    const wrong = { outputs: { one: [{ kind: 'card' }, { kind: 'bill' }] } };
    expect(verify(saga, wrong).findings).toMatchObject([{ code: 'throws', severity: 'error' }]);
  });
});

test('examples are left as they were given, even by a machine that changes them', () => {
  const examples = { input: { tags: ['a'] }, outputs: { one: [{ rows: [1] }] } };
  const before = structuredClone(examples);
  const saga = mapping(z.object({ tags: z.array(z.string()) }), ({ tags }: { tags: string[] }) =>
    tags.push('b'),
  );
  expect(verify(saga, examples).findings.map(({ code }) => code)).toContain('throws');
  expect(examples).toEqual(before);
  expect(Object.isFrozen(examples.input.tags)).toBe(false);
  expect(Object.isFrozen(examples.outputs.one[0]?.rows)).toBe(false);
});

describe('a text for a pattern', () => {
  test.each([
    '^AB\\d{3}$',
    '^(card|bank)_[a-z]+$',
    '^[^@\\s]+@x\\.org$',
    '^\\+?[1-9]\\d{6,14}$',
    '^v(?:1|2)\\.\\w{2,}$',
  ])('matches %s', (pattern) => {
    expect(textFor([pattern])).toMatch(new RegExp(pattern, 'u'));
  });

  test('is none where the pattern is beyond it', () => {
    expect(textFor(['^(?=.*x{7})(?!a)[q-z]{9}$'])).toBeNull();
  });
});

function tree(): z.ZodType {
  return z.object({
    name: z.string(),
    get children() {
      return z.array(tree());
    },
  });
}

function checked(): z.ZodType {
  return z
    .string()
    .refine((text) => ['by-road', 'by-sea'].includes(text), 'must be one of by-road, by-sea');
}

test('are looked for no further than a turn may run, in a circle without end', () => {
  const wanting = { when: ({ input }: { input: { wanted: boolean } }) => input.wanted };
  const sound = defineSaga({
    activities: {} as Steps,
    id: 'wanting',
    input: z.object({ wanted: z.boolean() }),
  })
    .step('one', { ...wanting, input: () => null, compensate: undo })
    .build();
  const { config, implementations } = sound.machine as unknown as {
    config: { states: object };
    implementations: object;
  };
  const circle = {
    initial: 'here',
    states: { here: { always: 'there' }, there: { always: 'here' } },
  };
  const states = { ...config.states, forward: circle };
  const machine = createMachine({ ...config, states } as never, implementations as never);
  const { roundOf, waysBack, input } = sound;
  const saga = { ...durable(machine), roundOf, waysBack, input };
  const told = verify(saga)
    .findings.map(({ code, what }) => `${code}: ${what}`)
    .join('\n');
  expect(told).toMatch(/throws: .* microsteps in one turn, round in "forward.there" → /);
});
