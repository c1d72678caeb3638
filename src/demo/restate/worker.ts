/**
 * A worker of the demo on Restate: takes turns of its sagas and makes their attempts, and keeps
 * nothing. The launcher of the workers starts it, and is told where it listens.
 */
import { settingOf } from '../settings.ts';
import { SAGAS } from '../sagas.ts';
import { serveWorker } from '../../restate.ts';
import { EXIT_FAILED } from '../exit-codes.ts';
import { createServerLog } from '../server-log.ts';
import { remoteActivities, remoteSubscribers } from './remote-participants.ts';

const { env } = process;
const participants = `http://127.0.0.1:${settingOf(env, 'BACKSTEP_PARTICIPANTS_PORT')}`;
const keepEndedFor = settingOf(env, 'BACKSTEP_KEEP_ENDED');

// The launcher holds the other end: when it is gone, nothing of the demo may linger.
process.on('disconnect', () => process.exit(EXIT_FAILED));

const worker = await serveWorker({
  port: 0,
  ...(keepEndedFor === null ? {} : { keepEndedFor }),
  logger: createServerLog(settingOf(env, 'LOG_LEVEL')).log,
  register: (it) => {
    for (const { saga, heard } of SAGAS) {
      it.register(saga, {
        activities: remoteActivities(participants, saga.activities),
        subscribers: remoteSubscribers(participants, heard),
      });
    }
  },
});
process.once('SIGTERM', () => void worker.stop().then(() => process.exit()));
process.send?.({ port: worker.port });
