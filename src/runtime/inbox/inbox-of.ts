/** The inbox of an engine: what a row asks for, and who does it. */
import type { SagaCalls } from '../saga-calls.ts';
import type { OwnerWork } from '../standby/owner-work.ts';
import type { SagaStarter } from '../starts/saga-starter.ts';
import { Inbox, type InboxPorts } from '../../host/inbox/inbox.ts';
import type { InboxRef } from '../../host/inbox/inbox-answer.ts';
import type { InboxRow } from '../../store/queries/inbox.ts';

/** Makes it of the engine's parts. */
export function inboxOf(
  ports: Pick<InboxPorts, 'store' | 'clock' | 'log' | 'isAccepting'>,
  starter: SagaStarter,
  calls: SagaCalls,
  work: OwnerWork,
): Inbox {
  return new Inbox({
    ...ports,
    async start(row, type, options) {
      const start = await starter.spawn(type, options, refOf(row));
      return start.isNew ? null : { kind: 'started', ...start };
    },
    async send(row, id, event, options) {
      await calls.sendOf(refOf(row), id, event, options);
      return null;
    },
    async command(row, id, command, version) {
      await calls.commandOf(refOf(row), id, command, version);
      return null;
    },
    work: (name, given) => work.run(name, given),
  });
}

function refOf({ id, request }: InboxRow): InboxRef {
  return { id, isRequest: request !== null };
}
