/** Attempts under way while workers come with another name for their step. */
import { describe, expect, it } from 'vitest';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import type { KeptSaga } from '../../../src/restate/kept-saga.ts';
import type { Commands, WorkPlace } from '../../../src/restate/sends.ts';
import { TurnWork } from '../../../src/restate/turn-work.ts';
import { ATTEMPT_WORDS, type Report } from '../../../src/restate/words.ts';
import { Input, INPUT } from '../../conformance/sagas.ts';
import { born, NOW_MS, placeOf, sentOf, start } from './inline-place.ts';
import { SagaAlone } from '../saga-alone.ts';

const answer = () => ({ receipt: 'r' });
const undo = { activity: 'undo', input: () => null } as const;
const options = { input: () => null, compensate: undo, timeout: '1s' } as const;
const REPEATABLE = {};
const ONCE = { repeatable: false };

/** A saga of one step, and how it goes on under the other name. */
function paperSaga(more: { readonly repeatable?: boolean } = REPEATABLE) {
  const draft = (version: number) =>
    defineSaga({
      id: 'paper',
      version,
      input: Input,
      activities: {} as Record<
        'file' | 'lodge' | 'undo',
        (input: null) => { readonly receipt: string }
      >,
    });
  const one = draft(1)
    .step('file', { ...options, ...more })
    .build();
  const two = draft(2)
    .step('lodge', { ...options, ...more })
    .build();
  const erased = (each: typeof one) => each as unknown as SagaDefinition;
  return { one: erased(one), two: erased(two) };
}

type Paper = ReturnType<typeof paperSaga>;

function renameIn({ registry }: WorkPlace, { two }: Paper, lodge: () => unknown = answer): void {
  const migrate = { 1: () => ({ steps: { file: 'lodge' } }) };
  registry.add(two, { activities: { file: answer, lodge, undo: answer }, migrate });
}

/** A saga under way, and the workers that know the other name. */
function underWay(paper: Paper, upToMs: number | null = null) {
  const at = placeOf(paper.one, { upToMs });
  const first = TurnWork.begin(at, 's1', paper.one, born, NOW_MS).commands('apart');
  renameIn(at, paper);
  const effect = attemptIn(first);
  const after = (act: (work: TurnWork) => void, kept: KeptSaga = first.keep): Commands => {
    const work = TurnWork.open(at, 's1', kept, NOW_MS);
    act(work);
    return work.commands('here');
  };
  return { first, effect, after };
}

const attemptIn = ({ sends }: Commands) =>
  ATTEMPT_WORDS.parse(sends.find(({ handler }) => handler === 'run')?.words).effect;
const causesOf = ({ turns }: Commands): readonly string[] =>
  turns.map(({ journal }) => journal.cause);
const isTold = (work: TurnWork, report: Report): void => work.takeAlone(work.underNewId(report));

describe('an attempt under way whose step has another name now', () => {
  it('is stopped, and starts again under the new name with its key', () => {
    const { effect, first, after } = underWay(paperSaga());
    const renamed = after(() => {});
    expect(first.sends.map(({ attempt }) => attempt)).toContain(renamed.stops[0]);
    expect(sentOf(renamed)).toEqual(['journal/append', 'attempt/run']);
    const next = attemptIn(renamed);
    expect(next).toMatchObject({ activity: 'lodge', src: 'lodge', key: effect.key });
    expect(causesOf(renamed)).toEqual(['migrate', 'interrupted']);
    expect(sentOf(after(() => {}, renamed.keep))).toEqual([]);
  });

  it('starts again as an inline one where it is short', () => {
    const { after } = underWay(paperSaga(), 1_000);
    expect(after(() => {})).toMatchObject({ here: { effect: { activity: 'lodge' } } });
  });

  it('is in doubt where it is not repeatable', () => {
    const { after } = underWay(paperSaga(ONCE));
    const renamed = after(() => {});
    expect(attemptIn(renamed)).toMatchObject({ src: 'undo', direction: 'compensate' });
    expect(renamed.keep.facts.status).toBe('compensating');
  });

  it.each([
    ['repeatable', REPEATABLE],
    ['not repeatable', ONCE],
  ])('is answered where its answer is what brings the new name: %s', (_, kind) => {
    const { effect, after } = underWay(paperSaga(kind));
    const { activity, token } = effect;
    const outcome = { kind: 'done', output: answer() } as const;
    const ended = after((work) => isTold(work, { kind: 'result', activity, token, outcome }));
    expect(ended.keep.facts.status).toBe('completed');
    expect(sentOf(ended)).toEqual(['journal/append']);
  });

  it('starts again once where its interruption is what brings the new name', () => {
    const { effect, after } = underWay(paperSaga());
    const { activity, token } = effect;
    const again = after((work) => isTold(work, { kind: 'interrupted', activity, token }));
    expect(causesOf(again)).toEqual(['migrate', 'interrupted']);
    expect(attemptIn(again)).toMatchObject({ activity: 'lodge', key: effect.key });
  });

  it('is not started where the order that brings the new name pauses the saga', () => {
    const { after } = underWay(paperSaga());
    const pause = { kind: 'command', command: { name: 'pause' } } as const;
    const paused = after((work) => work.take(pause));
    expect(paused.keep.facts.status).toBe('paused');
    expect(sentOf(paused)).toEqual(['journal/append']);
    const resume = { kind: 'command', command: { name: 'resume' } } as const;
    const resumed = after((work) => work.take(resume), paused.keep);
    expect(sentOf(resumed)).toEqual(['journal/append', 'attempt/run']);
  });
});

describe('an inline attempt that was handed over under its old name', () => {
  it.each([
    ['repeatable', REPEATABLE],
    ['not repeatable', ONCE],
  ])('is made once under the new one, for nobody has begun it: %s', async (_, kind) => {
    const paper = paperSaga(kind);
    const at = placeOf(paper.one);
    const saga = new SagaAlone(at);
    await saga.only('start', start('paper', INPUT));
    let calls = 0;
    renameIn(at, paper, () => {
      calls += 1;
      return answer();
    });
    await saga.call('attempt', saga.handed[0] ?? expect.fail());
    expect(calls).toBe(1);
    expect(saga.sent.filter(({ method }) => method !== 'append')).toHaveLength(1);
  });
});
