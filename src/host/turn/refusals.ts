/** What the sender of an event or command is told where its saga does not take it. */
import type { SagaDefinition } from '../../core/define/definition.ts';
import { whyRefused } from '../../core/turn/early-events.ts';
import { BackstepError } from '../../core/errors.ts';
import { isWildcard, outsideEvents } from '../../core/machine/event-types.ts';
import { moveIn } from '../../core/turn/kept-text/moved.ts';
import type { WayOut } from '../../store/queries/upkeep-reads.ts';
import type { CommandName, Inbound, Turn } from '../../core/turn/inbound.ts';
import { commandChoices } from '../../core/turn/legal-reason.ts';
import { meantInstead } from '../../core/nearest-name.ts';
import { isStill, MAX_EARLY_EVENTS, type SagaState } from '../../core/state.ts';
import { statePath } from '../../core/machine/state-path.ts';

/** As much as is shown of a type that somebody sent. */
const MAX_SHOWN = 100;
/** When to ask again while a saga is moved: people run the commands. */
const MOVE_RETRY_MS = 30_000;

/** The store holds another state than the turn was computed from. */
export function changedElsewhere(id: string): BackstepError {
  return new BackstepError('conflict', `saga ${id} was changed by somebody else`);
}

/** The caller saw an earlier state. */
export function versionConflict(state: SagaState, expectedVersion: number): BackstepError {
  // Versions only grow: who has seen a later one has seen what was lost with a restored backup.
  const why =
    expectedVersion > state.seq
      ? 'where it has not been yet: the database was restored from a backup, or that is another saga'
      : 'look at it again';
  return new BackstepError(
    'conflict',
    `saga ${state.id} is at version ${state.seq}, not ${expectedVersion}; ${why}`,
  );
}

type Refused = Turn & { readonly kind: 'refused' };

/** A turn that was refused: what was asked, why it is not done, and what would be. */
export function refusalOf(
  definition: SagaDefinition,
  state: SagaState,
  inbound: Inbound,
  { reason, legal, kept = [] }: Refused,
): BackstepError {
  if (reason === 'moved') return movedAway(state, inbound);
  const what = askedBy(inbound);
  if (reason === 'overloaded') {
    const message = `saga ${state.id} keeps ${MAX_EARLY_EVENTS} early events already: ${what} is one too many`;
    return new BackstepError('overloaded', message, { retryAfterMs: 1_000 });
  }
  const why =
    reason === 'ended'
      ? `has ended (${state.status}) and takes no ${what} any more`
      : inbound.kind === 'event'
        ? `${whyNoEvent(definition, state, inbound.event.type)}; ${offerOf(legal, kept)}`
        : `does not take the ${what} now: ${whyNoCommand(state, inbound)}; ${offerOf(legal, [])}`;
  return new BackstepError('not-legal', `saga ${state.id} ${why}`, { legal, kept });
}

/**
 * It leaves for another database, or has left. Only an event waits for that: it will be taken there,
 * or here after all. Whoever orders something of many must not wait for what people end.
 */
function movedAway({ id, parkReason }: SagaState, { kind }: Inbound): BackstepError {
  const where = parkReason?.message ?? '';
  if (moveIn(parkReason) === 'moved') {
    return new BackstepError('not-legal', `saga ${id} was moved ${where}; ask there`);
  }
  const message = `saga ${id} takes nothing now: ${where}; try again later`;
  if (kind === 'command') return new BackstepError('not-legal', message);
  return new BackstepError('unavailable', message, { retryAfterMs: MOVE_RETRY_MS });
}

/** A start whose key names a saga that leaves for another database, or has left. */
export function startedElsewhere(id: string, { move, place, isGone }: WayOut): BackstepError {
  const way = `to ${place}, by move ${move}`;
  const whatOf = isGone ? `was moved ${way}; ask there` : `is on its way ${way}; try again later`;
  return new BackstepError('conflict', `its key started saga ${id}, which ${whatOf}`);
}

function askedBy(inbound: Inbound): string {
  if (inbound.kind === 'command') return `command "${inbound.command.name}"`;
  return inbound.kind === 'event' ? `event "${shown(inbound.event.type)}"` : inbound.kind;
}

function whyNoEvent(definition: SagaDefinition, state: SagaState, type: string): string {
  const what = `event "${shown(type)}"`;
  const place = `"${statePath(state.snapshot.value)}"`;
  const standing = isStill(state) ? `is ${state.status} and ` : '';
  switch (whyRefused(definition, state, type)) {
    case 'reserved':
      return `takes no ${what} from outside: the type is the engine's; order it as a command`;
    case 'unknown': {
      const known = outsideEvents(definition.machine).filter((name) => !isWildcard(name));
      return `knows no ${what}${meantInstead(type, known)}`;
    }
    case 'over':
      return `${standing}takes no ${what} any more: nothing waits for it from ${place} on`;
    case 'guarded':
      return `does not take this ${what} in ${place}: its guards refuse it`;
    case 'unkept':
      return `${standing}takes no ${what} yet, and does not keep it early`;
  }
}

function whyNoCommand(state: SagaState, inbound: Inbound): string {
  if (inbound.kind !== 'command') return 'it is no command';
  const { name, step } = inbound.command;
  const known = reasonOf(state, name);
  if (known !== null) return known;
  return step === undefined
    ? 'its guards refuse it'
    : `nothing of step "${shown(step)}" waits for it`;
}

// A sentence for people, as a part of one.
function reasonOf(state: SagaState, name: CommandName): string | null {
  const choice = commandChoices(state).find(({ command }) => command === name);
  const reason = choice?.reason ?? null;
  return reason === null ? null : `${reason.charAt(0).toLowerCase()}${reason.slice(1, -1)}`;
}

function offerOf(legal: readonly string[], kept: readonly string[]): string {
  const now = `legal now: ${legal.join(', ') || 'nothing'}`;
  return kept.length === 0 ? now : `${now}; kept for later: ${kept.join(', ')}`;
}

function shown(name: string): string {
  return name.slice(0, MAX_SHOWN);
}
