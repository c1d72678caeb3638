/** How sagas that leave Restate come to rest, and how they are closed. */
import { pause, systemClock } from '../../../host/clock.ts';
import { eachOf } from '../../../host/moves/each-at-once.ts';
import { type OrderedBy, TOLD_AT_ONCE } from '../../../host/moves/export-sagas.ts';
import { SERVICES } from '../../names.ts';
import type { Door } from './door.ts';
import { callsUnderWay, type UnderWay } from './kept-on-restate.ts';
import { CLOSED } from '../../moves/move-words.ts';

const LOOK_EVERY_MS = 200;
/** What a call sends at its end is there a moment later: so many looks in a row find nothing. */
const QUIET_LOOKS = 4;

/** Waits until nothing of them is under way. Gives what is, where that takes too long. */
export async function quiet(
  { admin }: Door,
  ids: readonly string[],
  withinMs: number,
): Promise<string | null> {
  const untilMs = Date.now() + withinMs;
  for (let looks = 0; looks < QUIET_LOOKS;) {
    const [first] = await callsUnderWay(admin, ids);
    looks = first === undefined ? looks + 1 : 0;
    if (first !== undefined && Date.now() > untilMs) {
      return `${textOf(first)} is still under way; see \`backstep calls\`, then order it again`;
    }
    await pause(systemClock, LOOK_EVERY_MS);
  }
  return null;
}

/** Sagas with a message that its subscriber does not take, each with what to do. */
export async function stuckOutside(
  { admin }: Door,
  ids: readonly string[],
): Promise<readonly string[]> {
  const calls = await callsUnderWay(admin, ids);
  return calls
    .filter(({ what, failure }) => what.startsWith(`${SERVICES.outbox}/`) && failure !== null)
    .map(
      ({ saga, failure }) =>
        `saga ${saga}: a subscriber does not take its message (${failure}); mend that first`,
    );
}

/** Closes each; gives how many that changed. */
export async function closeEach(
  door: Door,
  ids: readonly string[],
  closing: Pick<OrderedBy, 'by' | 'reason' | 'onProgress'> & {
    readonly move: string;
    readonly phase: 'gone' | 'back';
  },
): Promise<number> {
  const { onProgress, ...words } = closing;
  let closed = 0;
  const tell = (done: number): void => onProgress?.({ phase: 'closing', done, total: ids.length });
  await eachOf(ids, TOLD_AT_ONCE, tell, async (id) => {
    const { isClosed } = await door.ask(id, 'close', { ...words, atMs: Date.now() }, CLOSED);
    if (isClosed) closed += 1;
  });
  return closed;
}

function textOf({ what, saga, failure }: UnderWay): string {
  return `${what} of saga ${saga}${failure === null ? '' : ` (${failure})`}`;
}
