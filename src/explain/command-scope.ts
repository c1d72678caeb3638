/**
 * What a command would do to one saga, told before it is ordered.
 *
 * Pure. Invariant: what is owed is asked of the ledger, never worked out here.
 */
import type { SagaState } from '../core/state.ts';
import { deadLetterContents } from '../core/turn/dead-letter.ts';
import type { CommandName } from '../core/turn/inbound.ts';
import { isOwed } from '../core/turn/ledger.ts';
import { namesToGiveUp } from '../core/turn/skip.ts';

/** A saga and what it is called, such as `order o-1`. */
export interface NamedSaga {
  readonly name: string;
  readonly state: SagaState;
}

/** What a command does to this very saga, as the question before it; `null`: nothing to be asked. */
export function scopeInWords({ name, state }: NamedSaga, command: CommandName): string | null {
  const owed = state.steps.filter(isOwed).map((step) => step.name);
  const owedList = listOf(owed.toReversed());
  switch (command) {
    case 'cancel':
    case 'compensate': {
      const question = command === 'cancel' ? `Cancel ${name}?` : `Turn ${name} back?`;
      return owed.length === 0
        ? `${question} Nothing of it needs compensating.`
        : `${question} ${countOf(owed.length)} compensated: ${owedList}.`;
    }
    case 'terminate':
      return owed.length === 0
        ? `Terminate ${name}? Nothing of it stays behind.`
        : `Terminate ${name} without compensating? What was done stays done: ${owedList}.`;
    case 'accept-partial': {
      // Past the pivot nothing is owed back: what a person accepts is what was not done.
      const left =
        state.status === 'failed' ? listOf(deadLetterContents(state).outstanding) : owedList;
      const stays = state.status === 'failed' ? 'undone' : 'uncompensated';
      return `End ${name} as it is? This stays ${stays}: ${left}.`;
    }
    case 'skip': {
      const failed = listOf(namesToGiveUp(state));
      return `Give up ${failed} of ${name} and go on? It will not be tried again.`;
    }
    case 'retry':
    case 'pause':
    case 'resume':
    case 'edit-context':
      return null;
  }
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.join(', ');
}

function countOf(count: number): string {
  return count === 1 ? 'One step is' : `${count} steps are`;
}
