/**
 * Rows of the inbox in the database of a face, as calls of sagas on Restate.
 *
 * A turn there does not commit with the row, so that a row may be taken again where this process
 * ends in between. Invariant: whatever a row asks for has the same name each time, made of the row
 * itself: the saga's id, the event's id, the key of the call. The number of the row would not do, as
 * another database counts from 1 again.
 */
import { createHash } from 'node:crypto';
import { BackstepError } from '../../core/errors.ts';
import { Inbox, type InboxPorts } from '../../host/inbox/inbox.ts';
import type { InboxRow } from '../../store/queries/inbox.ts';
import { digitsOf } from '../keys.ts';
import type { RestateCalls } from './saga-calls.ts';
import type { RestateStarts } from './saga-starts.ts';

/** Makes it of the face's parts. */
export function inboxOnRestate(
  ports: Pick<InboxPorts, 'store' | 'clock' | 'log' | 'isAccepting'>,
  starts: RestateStarts,
  calls: RestateCalls,
): Inbox {
  return new Inbox({
    ...ports,
    async start(row, type, options) {
      return { kind: 'started', ...(await starts.spawn(type, options, nameOf(row))) };
    },
    async send(row, id, event, options) {
      const named = row.key === null ? { ...options, eventId: nameOf(row) } : options;
      const { seq } = await calls.send(id, event, named);
      return { kind: 'turn', seq };
    },
    async command(row, id, command, expectedVersion) {
      const { seq } = await calls.command(id, command, expectedVersion, nameOf(row));
      return { kind: 'turn', seq };
    },
    work(name) {
      throw new BackstepError(
        'not-found',
        `no work is called "${name}" where sagas run on Restate`,
      );
    },
  });
}

/** What makes a row the one that it is, in whichever database it stands. */
function nameOf({ id, createdAtMs, kind, target, payload }: InboxRow): string {
  const row = [id, createdAtMs, kind, target, payload].join('\0');
  return `i${digitsOf(createHash('sha256').update(row).digest())}`;
}
