/**
 * One walk through a saga without looking left or right: so many attempts succeed, the next one
 * fails, and from there on all succeed, so that it comes by the compensations.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import type { SagaState } from '../../core/state.ts';
import { begin, turn } from '../../core/turn/turn.ts';
import type { Move } from '../moves/move.ts';
import { movesOf } from '../moves/moves.ts';
import type { ExampleValues } from './examples.ts';

/** Most turns of a walk. */
const MAX_TURNS = 200;

/** One move of a walk, and where it began. */
export interface Stride {
  readonly move: Move | null;
  readonly before: SagaState | null;
  readonly after: SagaState;
}

/**
 * Walks; each stride is given before the next move is looked for.
 *
 * @param successes `Infinity`: none fails
 * Throws what the machine's code throws; `onMove` then tells on which move.
 */
export function* walk(
  definition: SagaDefinition,
  values: ExampleValues,
  input: unknown,
  successes: number,
  onMove: (move: Move) => void = () => {},
): Generator<Stride> {
  let left = successes;
  let hasFailed = false;
  let { state }: { state: SagaState } = begin(definition, definition.id, input, 0);
  yield { move: null, before: null, after: state };
  for (let count = 0; count < MAX_TURNS && state.status !== 'parked'; count++) {
    const move = pick(movesOf(definition, state, values), left > 0 || hasFailed);
    if (move === undefined) return;
    if (move.answer?.kind === 'failed') hasFailed = true;
    else if (move.answer !== null) left -= 1;
    onMove(move);
    const next = turn(definition, move.from, move.inbound, move.nowMs);
    if (next.kind === 'refused') return;
    yield { move, before: state, after: next.state };
    state = next.state;
  }
}

function pick(moves: readonly Move[], isToSucceed: boolean): Move | undefined {
  const wanted = isToSucceed ? 'done' : 'failed';
  return (
    moves.find((move) => move.answer?.kind === wanted) ??
    moves.find((move) => move.drive === 'timer') ??
    moves.find((move) => move.drive === 'outside')
  );
}
