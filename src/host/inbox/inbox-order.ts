/**
 * What a row of the inbox asks for. Rows are written by anybody, so nothing in them is believed.
 */
import type { EventObject } from 'xstate';
import { BackstepError } from '../../core/errors.ts';
import { ANYTHING, check, NAME, optionsOf, required } from '../../core/options-reader.ts';
import type { OperatorCommand } from '../../core/turn/inbound.ts';
import type { InboxRow } from '../../store/queries/inbox.ts';
import type { SpawnOptions } from '../backstep.ts';
import { COMMAND, COMMAND_OPTIONS, EVENT, SEND_OPTIONS, SPAWN_OPTIONS } from '../edge-options.ts';
import type { CommandOptions, SendOptions } from '../saga-handle.ts';

export type InboxOrder =
  | { readonly kind: 'start'; readonly type: string; readonly options: SpawnOptions }
  | {
      readonly kind: 'event';
      readonly sagaId: string;
      readonly event: EventObject;
      readonly options: SendOptions;
    }
  | {
      readonly kind: 'command';
      readonly sagaId: string;
      readonly command: OperatorCommand;
      readonly options: CommandOptions;
    }
  | OwnerOrder;

/** Work that is the owner's and of no saga, see `OwnerWork`. */
export interface OwnerOrder {
  readonly kind: 'work';
  readonly name: string;
  readonly given: unknown;
}

/** In place of the saga's id in a command that is for the owner itself; no saga has such an id. */
export const OWNER_TARGET = '@owner';

/** Reads a row. Throws `input-invalid` naming the member that cannot be taken. */
export function orderOf({ id, kind, target, payload, key, options }: InboxRow): InboxOrder {
  const at = `row ${id} of the inbox`;
  const given: unknown = parsed(payload, at, 'payload');
  const more = options === null ? {} : parsed(options, at, 'options');
  switch (kind) {
    case 'start': {
      const all = { ...asObject(more), input: given, ...(key === null ? {} : { key }) };
      check(all, SPAWN_OPTIONS, at, 'input-invalid');
      return { kind, type: target, options: all };
    }
    case 'event': {
      // The row's own id makes one of it: a row is taken once, whatever dies.
      const all = { ...asObject(more), eventId: key ?? `inbox-${id}` };
      check(given, EVENT, at, 'input-invalid');
      check(all, SEND_OPTIONS, at, 'input-invalid');
      return { kind, sagaId: target, event: given as EventObject, options: all };
    }
    case 'command':
      if (target === OWNER_TARGET) return workOf(given, at);
      check(given, COMMAND, at, 'input-invalid');
      check(more, COMMAND_OPTIONS, at, 'input-invalid');
      return { kind, sagaId: target, command: given as OperatorCommand, options: asObject(more) };
  }
}

const WORK = optionsOf({ work: required(NAME), given: ANYTHING });

function workOf(payload: unknown, at: string): OwnerOrder {
  check(payload, WORK, at, 'input-invalid');
  const { work, given } = payload as { readonly work: string; readonly given?: unknown };
  return { kind: 'work', name: work, given };
}

function parsed(text: string, at: string, member: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BackstepError('input-invalid', `${at}: its ${member} is no JSON`);
  }
}

function asObject(value: unknown): object {
  return value !== null && typeof value === 'object' ? value : {};
}
