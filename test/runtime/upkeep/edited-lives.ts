/** Lives of a saga: what it is drawn of, where its process dies, and what is edited meanwhile. */
import fc from 'fast-check';
import { z } from 'zod';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { exponential } from '../../../src/core/retry-policy.ts';
import type { StepKind } from '../../../src/core/status.ts';
import type { FakeOutcome } from '../../../src/testing/fake-activities.ts';

interface Block {
  readonly name: string;
  /** `wait` for ok or no; any other is a step of that kind. */
  readonly kind: StepKind | 'wait';
}

type Edit =
  | { readonly kind: 'rename' | 'remove' | 'add'; readonly at: number }
  | { readonly kind: 'swap'; readonly at: number }
  | { readonly kind: 'change'; readonly at: number; readonly to: StepKind };

interface Upgrade {
  readonly edits: readonly Edit[];
  /** In place; as a version that takes sagas along as they are; as one that maps what was renamed. */
  readonly way: 'in-place' | 'as-it-is' | 'mapped';
}

export interface Life {
  readonly blocks: readonly Block[];
  /** The commit after which the first process dies. */
  readonly dies: number;
  readonly outcomes: readonly FakeOutcome[];
  /** What the first process answers a wait; `none`: it stops there. */
  readonly first: 'ok' | 'no' | 'none';
  readonly upgrade: Upgrade;
  readonly second: 'ok' | 'no';
}

type Calls = Record<string, (input: null) => unknown>;
const input = (): null => null;
const retry = exponential({ first: '1s', attempts: 2, jitter: 'none' });
export const NAMES = ['a', 'b', 'c', 'd', 'renamed', 'added'];

/** The saga; `null`: there can be none like that. */
export function sagaOf(blocks: readonly Block[], version: number): SagaDefinition | null {
  const firstRetriable = blocks.findIndex(({ kind }) => kind === 'retriable');
  const pivot = blocks.findIndex(({ kind }) => kind === 'pivot');
  // Its failure would turn back what never turns back.
  if (firstRetriable !== -1 && firstRetriable < pivot) return null;
  let draft = defineSaga({ id: 'edited', version, input: z.null(), activities: {} as Calls });
  const add = (method: 'step' | 'wait', name: string, options: object): void => {
    draft = Reflect.apply(draft[method], draft, [name, options]) as typeof draft;
  };
  for (const { name, kind } of blocks) {
    if (kind === 'wait') {
      const isPastPivot = blocks.slice(
        0,
        blocks.findIndex((each) => each.name === name),
      );
      const no = isPastPivot.some((each) => each.kind === 'pivot' || each.kind === 'retriable')
        ? 'continue'
        : 'compensate';
      add('wait', name, { on: { ok: 'continue', no }, within: '1h', onExpired: no });
    } else {
      const undo = { activity: `un${name}`, input };
      const more = kind === 'compensatable' ? { compensate: undo } : { kind };
      add('step', name, { input, retry, timeout: '5s', ...more });
    }
  }
  try {
    return Reflect.apply(draft.build, draft, []);
  } catch {
    return null; // no saga: the builder, or XState, refuses it
  }
}

export function edited(blocks: readonly Block[], edits: readonly Edit[]): readonly Block[] {
  return edits.reduce<readonly Block[]>((before, edit) => {
    const at = edit.at % before.length;
    const block = before[at];
    if (block === undefined) return before;
    switch (edit.kind) {
      case 'rename':
        return before.with(at, { ...block, name: 'renamed' });
      case 'remove':
        return before.length === 1 ? before : before.toSpliced(at, 1);
      case 'add':
        return before.toSpliced(at, 0, { name: 'added', kind: 'compensatable' });
      case 'swap':
        return before.toSpliced(at, 2, ...before.slice(at, at + 2).toReversed());
      case 'change':
        return block.kind === 'wait' ? before : before.with(at, { ...block, kind: edit.to });
    }
  }, blocks);
}

const outcome = fc.constantFrom<FakeOutcome>(
  'done',
  'done',
  'done',
  'fail',
  'permanent',
  'lost',
  'applied-then-lost',
  'applied-then-hang',
);
// What matters most is met most: a step that is done, a wait behind it, and a new name for it.
const kinds = fc.constantFrom<Block['kind']>(
  ...(['compensatable', 'compensatable', 'compensatable', 'wait', 'wait'] as const),
  'pivot',
  'retriable',
);
const place = fc.constantFrom(0, 0, 0, 1, 2, 3);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constantFrom('rename', 'rename', 'remove', 'add', 'swap'), at: place }),
  fc.record({
    kind: fc.constant('change' as const),
    at: place,
    to: fc.constantFrom<StepKind>('compensatable', 'pivot', 'retriable'),
  }),
);
export const life: fc.Arbitrary<Life> = fc.record({
  blocks: fc
    .array(kinds, { minLength: 2, maxLength: 4 })
    .map((each) => each.map((kind, index) => ({ name: NAMES[index] ?? '', kind })))
    .filter((blocks) => sagaOf(blocks, 1) !== null),
  dies: fc.integer({ min: 1, max: 8 }),
  outcomes: fc.array(outcome, { maxLength: 4 }),
  first: fc.constantFrom('ok', 'no', 'none', 'none', 'none'),
  upgrade: fc.record({
    edits: fc.array(edit, { minLength: 1, maxLength: 2 }),
    way: fc.constantFrom('in-place', 'as-it-is', 'mapped', 'mapped'),
  }),
  second: fc.constantFrom('ok', 'no', 'no'),
});

/** Two blocks, of which the first was done when the process died after its second commit. */
function lifeOf(
  [first, second]: readonly [Block['kind'], Block['kind']],
  edits: readonly Edit[],
  more: Partial<Life> & { readonly way?: Upgrade['way'] } = {},
): Life {
  const { way = 'in-place', ...rest } = more;
  const blocks = [first, second].map((kind, index) => ({ name: NAMES[index] ?? '', kind }));
  const upgrade = { edits, way };
  return { blocks, dies: 2, outcomes: [], first: 'ok', upgrade, second: 'no', ...rest };
}

const STEPS = ['compensatable', 'compensatable'] as const;
const STEP_AND_WAIT = ['compensatable', 'wait'] as const;
/** Lives in which an effect stands where sagas are not held to what they have started. */
export const TELLING: Readonly<Record<string, Life>> = {
  'is renamed': lifeOf(STEP_AND_WAIT, [{ kind: 'rename', at: 0 }]),
  'is removed': lifeOf(STEP_AND_WAIT, [{ kind: 'remove', at: 0 }], { way: 'mapped' }),
  'stands behind the one that fails now, by another name': lifeOf(
    STEPS,
    [
      { kind: 'swap', at: 0 },
      { kind: 'rename', at: 1 },
    ],
    { outcomes: ['done', 'fail'] },
  ),
  'is a pivot now, behind the one that is lost': lifeOf(
    STEPS,
    [
      { kind: 'change', at: 0, to: 'pivot' },
      { kind: 'swap', at: 0 },
    ],
    { outcomes: ['done', 'lost'] },
  ),
};
/** Lives that end in each of the ways, so that none is judged by default. */
export const ENDING: readonly Life[] = [
  lifeOf(STEP_AND_WAIT, [{ kind: 'rename', at: 1 }], { way: 'as-it-is' }),
  lifeOf(STEPS, [{ kind: 'add', at: 2 }], { outcomes: ['done', 'fail'] }),
  lifeOf(STEPS, [{ kind: 'add', at: 2 }]),
];
