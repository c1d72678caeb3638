/** The face of the demo's sagas on Restate, with its participants as a service for the workers. */
import type { Environment } from '../../core/settings.ts';
import { type RestateOptions, openRestateBackstep } from '../../restate.ts';
import type { OpenedDemo } from '../opened-demo.ts';
import { settingOf } from '../settings.ts';
import { ParticipantService } from './participants.ts';

/** `options`: what it is opened with, wherever sagas run. */
export async function openOnRestate(
  env: Environment,
  ingress: string,
  options: Omit<RestateOptions, 'ingress' | 'admin' | 'listen'>,
): Promise<OpenedDemo> {
  const backstep = await openRestateBackstep({
    ...options,
    ingress,
    admin: settingOf(env, 'BACKSTEP_RESTATE_ADMIN'),
    listen: { port: settingOf(env, 'BACKSTEP_JOURNAL_PORT') },
  });
  const participants = new ParticipantService(backstep.store.write.bind(backstep.store));
  return {
    backstep,
    register: participants.through(backstep.register),
    crashRunner: () => participants.endWorker(),
    start: async () => {
      await backstep.start();
      // Only now may participants write: before, another process may own the database.
      await participants.listen(settingOf(env, 'BACKSTEP_PARTICIPANTS_PORT'));
    },
  };
}
