/**
 * The places of a bounded type, one object for each: so many sagas of it run at once, the others
 * wait, first come, first served.
 *
 * Every call may come twice. A saga that waited may have ended before it is let in: it is let in
 * all the same, and leaves at once.
 */
import { handlers, object, type ObjectContext } from '@restatedev/restate-sdk';
import { z } from 'zod';
import { PRIVATE } from './call-options.ts';
import { jsonWords } from './json-words.ts';
import { SERVICES } from './names.ts';
import { GATE_WORDS } from './words.ts';
import type { WorkerRegistry } from './worker-registry.ts';

/** Ids of sagas: those inside, and those that wait, in the order they came. */
const PLACES = z.object({ inside: z.array(z.string()), waiting: z.array(z.string()) });
type Places = z.infer<typeof PLACES>;

const KEY = 'places';

/** The object of gates. */
export function gateObject(registry: WorkerRegistry) {
  // After every change as many sagas are let in as places are free.
  const change = async (ctx: ObjectContext, changed: (places: Places) => Places): Promise<void> => {
    const kept: unknown = await ctx.get(KEY, jsonWords);
    const places = kept === null ? { inside: [], waiting: [] } : PLACES.parse(kept);
    const atMs = await ctx.date.now();
    const { inside, waiting } = changed(places);
    const free = Math.max(0, (registry.boundOf(ctx.key) ?? Infinity) - inside.length);
    const admitted = waiting.slice(0, free);
    ctx.set<unknown>(
      KEY,
      { inside: [...inside, ...admitted], waiting: waiting.slice(admitted.length) },
      jsonWords,
    );
    for (const saga of admitted) {
      const target = { service: SERVICES.saga, key: saga, method: 'admit' };
      ctx.genericSend<unknown>({ ...target, parameter: { atMs }, inputSerde: jsonWords });
    }
  };
  const enter = (ctx: ObjectContext, given: unknown): Promise<void> => {
    const { saga, hasBegun } = GATE_WORDS.enter.parse(given);
    return change(ctx, ({ inside, waiting }) => {
      if (hasBegun) {
        return inside.includes(saga) ? { inside, waiting } : { inside: [...inside, saga], waiting };
      }
      if (waiting.includes(saga)) return { inside, waiting };
      // One that asks although it is inside has not heard of it: it keeps its place, and is told.
      const others = inside.filter((id) => id !== saga);
      return others.length < inside.length
        ? { inside: others, waiting: [saga, ...waiting] }
        : { inside, waiting: [...waiting, saga] };
    });
  };
  const leave = (ctx: ObjectContext, given: unknown): Promise<void> => {
    const { saga } = GATE_WORDS.leave.parse(given);
    const without = (ids: string[]): string[] => ids.filter((id) => id !== saga);
    return change(ctx, ({ inside, waiting }) => ({
      inside: without(inside),
      waiting: without(waiting),
    }));
  };
  const resize = (ctx: ObjectContext): Promise<void> => change(ctx, (places) => places);
  const asked = { input: jsonWords };
  return object({
    name: SERVICES.gate,
    handlers: {
      enter: handlers.object.exclusive(asked, enter),
      leave: handlers.object.exclusive(asked, leave),
      resize: handlers.object.exclusive(asked, resize),
    },
    options: PRIVATE,
  });
}
