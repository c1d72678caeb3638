/** The inbox of an engine: what a row asks for, and who does it. */
import type { SagaCalls } from '../saga-calls.ts';
import type { OwnerWork } from '../standby/owner-work.ts';
import type { SagaStarter } from '../starts/saga-starter.ts';
import { Inbox, type InboxPorts } from './inbox.ts';

/** Makes it of the engine's parts. */
export function inboxOf(
  ports: Pick<InboxPorts, 'store' | 'clock' | 'log' | 'isAccepting'>,
  starter: SagaStarter,
  calls: SagaCalls,
  work: OwnerWork,
): Inbox {
  return new Inbox({
    ...ports,
    start: (type, options, row) => starter.spawn(type, options, row),
    send: (row, id, event, options) => calls.sendOf(row, id, event, options),
    command: (row, id, command, version) => calls.commandOf(row, id, command, version),
    work: (name, given) => work.run(name, given),
  });
}
