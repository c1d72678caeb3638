/** Restate's admin port, as the demo's workers wait for it and tell it where they are. */
import { setTimeout as pause } from 'node:timers/promises';
import { BackstepError } from '../../core/errors.ts';
import type { Environment } from '../../core/settings.ts';
import { Admin } from '../../restate/face/admin.ts';
import { say } from '../kept-program.ts';
import { settingOf } from '../settings.ts';

const LOOK_EVERY_MS = 500;

/**
 * Tells Restate of an address, as soon as Restate is there. False: `ending` came first.
 */
export async function registeredAt(
  env: Environment,
  url: string,
  ending: Promise<unknown>,
): Promise<boolean> {
  const admin = new Admin(settingOf(env, 'BACKSTEP_RESTATE_ADMIN'));
  return onceThere(ending, () => admin.register(url));
}

async function onceThere(ending: Promise<unknown>, ask: () => Promise<unknown>): Promise<boolean> {
  let isEnding = false;
  void ending.then(() => (isEnding = true));
  for (let isFirst = true; ; isFirst = false) {
    try {
      await ask();
      return true;
    } catch (error) {
      if (!(error instanceof BackstepError) || error.code !== 'unavailable') throw error;
      if (isFirst) say(`waiting: ${error.message}`);
    }
    await Promise.race([pause(LOOK_EVERY_MS), ending]);
    if (isEnding) return false;
  }
}
