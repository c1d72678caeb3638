/**
 * The mappers and conditions of a plan, made to say where they stand when they fail: a saga has
 * dozens of them, and an error of one names none.
 *
 * An answer that is a promise is refused: they are asked within a turn, which cannot wait. In the
 * strict form what they are given is frozen, so that one that changes it is found. That is for
 * tests and `verify`: `JSON.stringify` of a state takes half as long again once its values are
 * frozen, and copying every result for every mapper costs more with each step.
 */
import { BackstepError } from '../errors.ts';
import type { AttemptPlan, Block, SagaPlan } from './plan.ts';

type Mapper = (view: never) => unknown;

/** The plan with every mapper named; `isStrict`: and kept from changing what it is given. */
export function withPlaces(plan: SagaPlan, isStrict: boolean): SagaPlan {
  const at = (place: string) => `saga "${plan.id}", ${place}`;
  const named: Named = (mapper, place) => guarded(mapper, at(place), isStrict);
  const { blocks, completed, output } = plan;
  return {
    ...plan,
    blocks: blocks.map((block) => namedBlock(block, named)),
    completed: completed && named(completed, 'emitOnCompleted'),
    output: output && named(output, 'output'),
  };
}

type Named = <M extends Mapper>(mapper: M, place: string) => M;

function namedBlock(block: Block, named: Named): Block {
  const at = `${block.block} "${block.name}"`;
  const inside = (blocks: readonly Block[]) => blocks.map((each) => namedBlock(each, named));
  switch (block.block) {
    case 'step': {
      const { when, attempt, compensation, probe } = block;
      return {
        ...block,
        when: when && named(when, `${at}, when`),
        attempt: namedAttempt(attempt, at, named),
        compensation: compensation && namedAttempt(compensation, `${at}, compensate`, named),
        probe: probe && namedAttempt(probe, `${at}, probe`, named),
      };
    }
    case 'child': {
      const { when, input, compensation } = block;
      return {
        ...block,
        when: when && named(when, `${at}, when`),
        input: named(input, `${at}, input`),
        compensation: namedAttempt(compensation, `${at}, compensate`, named),
      };
    }
    case 'wait': {
      const { remind } = block;
      return {
        ...block,
        remind: remind && { ...remind, emit: named(remind.emit, `${at}, remind.emit`) },
      };
    }
    case 'parallel': {
      const branches = Object.entries(block.branches).map(
        ([branch, blocks]) => [branch, inside(blocks)] as const,
      );
      return { ...block, branches: Object.fromEntries(branches) };
    }
    case 'choice':
      return {
        ...block,
        options: block.options.map((option) => ({
          ...option,
          when: named(option.when, `${at}, option "${option.name}", when`),
          blocks: inside(option.blocks),
        })),
      };
    case 'loop':
      return {
        ...block,
        while: named(block.while, `${at}, while`),
        blocks: inside(block.blocks),
      };
  }
}

function namedAttempt(attempt: AttemptPlan, at: string, named: Named): AttemptPlan {
  const { input, isPermanent } = attempt;
  return {
    ...attempt,
    input: named(input, `${at}, input`),
    isPermanent: isPermanent && named(isPermanent, `${at}, isPermanent`),
  };
}

function guarded<M extends Mapper>(mapper: M, place: string, isStrict: boolean): M {
  const ask = (view: never): unknown => {
    let answer: unknown;
    try {
      if (isStrict) freeze(view);
      answer = mapper(view);
    } catch (thrown) {
      throw failed(place, thrown);
    }
    if (isPromise(answer)) throw refused(`${place}: it gives a promise; ${WHY_NO_PROMISE}`);
    return answer;
  };
  return ask as M; // the same function, named
}

const WHY_NO_PROMISE = 'it is asked within a turn and has to answer at once, so ask in a step';

/** What is said of a mapper that changes its view. */
export const MUST_NOT_CHANGE = 'it must not change what it is given';

function failed(place: string, thrown: unknown): BackstepError {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  const isChange =
    thrown instanceof TypeError && /read only|not extensible|Cannot delete/.test(why);
  const cure = isChange ? `; ${MUST_NOT_CHANGE}, but make something new` : '';
  return refused(`${place}: ${why}${cure}`, thrown);
}

function refused(message: string, cause?: unknown): BackstepError {
  return new BackstepError('definition-invalid', message, { cause });
}

function isPromise(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  return 'then' in value && typeof value.then === 'function';
}

// What is frozen was frozen all the way down.
function freeze(value: unknown): void {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value)) freeze(member);
}
