/**
 * Which settings this process was given, for the debug page. Never a secret: of a setting that may
 * hold one it is only told whether it is set.
 */
import { redactText } from '../core/secrets/redact.ts';
import { type Environment, shownSetting } from '../core/settings.ts';
import { type SettingName, settingNames, SETTINGS } from './settings.ts';
import type { Fact } from '../server/environment.ts';

/** Each setting, and its value where that is no secret. */
export function settingFacts(env: Environment): readonly Fact[] {
  return [
    ...settingNames().map((name) => ({ name, value: valueOf(name, env) })),
    { name: 'NODE_ENV', value: redactText(env['NODE_ENV'] || 'not set') },
  ];
}

function valueOf(name: SettingName, env: Environment): string {
  const shown = shownSetting(SETTINGS[name], env[name] ?? '');
  return shown === null ? closedValue(name, env) : redactText(shown || 'default');
}

function closedValue(name: string, env: Environment): string {
  // The launcher gives the server the address of the provider that it started.
  const isOwn = name === 'PAYMENT_PROVIDER_URL' && env['PAYMENT_PROVIDER_KEPT'] === 'yes';
  if (isOwn) return 'not set: the launcher started one';
  return env[name] ? 'set, not shown' : 'not set';
}
