/** Opens Backstep for the demo where the environment says: in this process, or on Restate. */
import type { Environment } from '../core/settings.ts';
import { type BackstepOptions, openBackstep } from '../runtime/open-backstep.ts';
import { databaseOptionsOf } from './database-options.ts';
import type { OpenedDemo } from './opened-demo.ts';
import { settingOf } from './settings.ts';

/** `crash` ends this process at once. */
export async function openDemo(
  env: Environment,
  { onFatal, ...given }: Omit<BackstepOptions, 'database'>,
  crash: () => void,
): Promise<OpenedDemo> {
  const options = { ...databaseOptionsOf(env), ...given };
  const ingress = settingOf(env, 'BACKSTEP_RESTATE');
  if (ingress !== null) {
    const { openOnRestate } = await import('./restate/open-on-restate.ts');
    return openOnRestate(env, ingress, options);
  }
  const backstep = await openBackstep({
    ...options,
    ...(onFatal === undefined ? {} : { onFatal }),
  });
  return {
    backstep,
    register: backstep.register.bind(backstep),
    start: () => backstep.start(),
    crashRunner: crash,
  };
}
