/**
 * Why a command is not legal now, in a sentence for people. Says nothing that `legal.ts` does not
 * decide.
 */
import { COMMAND_NAMES, type CommandName } from './inbound.ts';
import { areAlike, isLegal } from './legal.ts';
import { isOver, type SagaState } from '../state.ts';
import { moveIn } from './kept-text/moved.ts';
import { isUnstarted } from './waiting-room.ts';

/** A command and whether a saga takes it now. */
export interface CommandChoice {
  readonly command: CommandName;
  readonly isLegal: boolean;
  /** Why it is not; `null` for a legal one. */
  readonly reason: string | null;
}

/** Every command, in the order a person is offered them. */
export function commandChoices(state: SagaState): readonly CommandChoice[] {
  return COMMAND_NAMES.map((command) =>
    isLegal(state, command)
      ? { command, isLegal: true, reason: null }
      : { command, isLegal: false, reason: whyNot(state, command) },
  );
}

/** The choices without one that does the same as another: whoever cancels compensates. */
export function distinctChoices(state: SagaState): readonly CommandChoice[] {
  const choices = commandChoices(state);
  const hasBoth = isLegal(state, 'cancel') && isLegal(state, 'compensate');
  if (!hasBoth || !areAlike(state, 'cancel', 'compensate')) return choices;
  return choices.filter(({ command }) => command !== 'compensate');
}

function whyNot(state: SagaState, command: CommandName): string {
  const { status } = state;
  const move = moveIn(state.parkReason);
  if (move !== null) return move === 'moved' ? 'It was moved: ask there.' : 'It is being moved.';
  if (isOver(state)) return `The saga has ended: ${status.replaceAll('_', ' ')}.`;
  if (status === 'paused' && command !== 'pause') return 'The saga is paused: resume it first.';
  if (status === 'parked' && command !== 'resume') return whyNotParked(state, command);
  if (isUnstarted(state)) {
    return status === 'waiting' && command === 'pause'
      ? 'It waits for a place among the sagas of its type.'
      : 'It has not begun: cancel it, and start another one, to change something.';
  }
  switch (command) {
    case 'retry':
      return 'Nothing waits to be tried again.';
    case 'skip':
      return 'No step and no compensation has been given up.';
    case 'accept-partial':
      return 'No compensation that is owed has been given up.';
    case 'compensate':
      return 'It cannot turn back from here.';
    case 'edit-context':
      return 'It is under way: pause it first, or edit while it waits.';
    case 'resume':
      return 'It is not paused.';
    case 'pause':
      return standsStill(status)
        ? 'It stands still already.'
        : 'An activity that may not be started twice is under way.';
    case 'cancel':
      return status === 'compensating' || status === 'compensation_failed'
        ? 'It is compensating already.'
        : 'It takes no cancel here: what is done can no longer be undone.';
    case 'terminate':
      return 'It cannot be terminated now.';
  }
}

function whyNotParked({ snapshot }: SagaState, command: CommandName): string {
  if (snapshot.status !== 'active') {
    return 'Its machine ended in an error: it can only be terminated.';
  }
  return command === 'compensate' || command === 'cancel'
    ? 'It does not turn back from where it stood: retry it first.'
    : 'The engine could not go on with it: retry it first.';
}

// Wider than the core's `isStill`: a failure waits for a person as well.
function standsStill(status: SagaState['status']): boolean {
  return status === 'paused' || status === 'compensation_failed' || status === 'failed';
}
