/** A saga is verified when it is registered: told in the log, or refused, or left alone. */
import { expect, onTestFinished, test } from 'vitest';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { openBackstep, type BackstepOptions } from '../../src/runtime/open-backstep.ts';
import { registrationCheck, type VerifyAtRegistration } from '../../src/host/registration-check.ts';
import { type Logger, silentLogger } from '../../src/host/turn-log.ts';
import { forgetful, sound } from '../fixtures/defective-sagas/forgetful.ts';
import { temporaryDatabase } from '../store/store-fixture.ts';

async function open(options: Omit<BackstepOptions, 'database'>) {
  const backstep = await openBackstep({ ...options, database: temporaryDatabase() });
  onTestFinished(() => backstep.stop({ within: 0 }));
  return backstep;
}

/** Resolves with the first warning. */
function firstWarning(): { readonly logger: Logger; readonly warning: Promise<string> } {
  const { promise, resolve } = Promise.withResolvers<string>();
  const warn = (details: object, message: string): void =>
    resolve(`${message} ${JSON.stringify(details)}`);
  return { logger: { ...silentLogger, isLevelEnabled: () => true, warn }, warning: promise };
}

const bound = (names: readonly string[]) => ({
  activities: Object.fromEntries(names.map((name) => [name, () => null])),
});

test('an error is told in the log, with the path to it, and the saga is registered', async () => {
  const { logger, warning } = firstWarning();
  const backstep = await open({ logger });
  backstep.register(forgetful, bound(forgetful.activities));
  expect(backstep.definitions()).toContain(forgetful);
  await backstep.start();
  expect(await warning).toMatch(/^verify: the saga ends compensated in .*"way":\["start"/);
});

test('nothing is explored to warn of before the engine is ready', async () => {
  const { logger, warning } = firstWarning();
  const accepting = Promise.withResolvers<void>();
  const looks = looksAt('warn', logger, forgetful, accepting.promise);
  expect(looks()).toBe(0);
  accepting.resolve();
  expect(await warning).toMatch(/^verify: /);
  expect(looks()).toBeGreaterThan(0);
});

test('a saga with an error is refused when that is asked for, a sound one is not', async () => {
  const backstep = await open({ verifyAtRegistration: 'refuse' });
  expect(() => backstep.register(forgetful, bound(forgetful.activities))).toThrow(
    /^saga "saga" version 1 is refused: the saga ends compensated .*; way: start → .*verify/,
  );
  expect(backstep.definitions()).toEqual([]);
  backstep.register(sound, bound(sound.activities));
  expect(backstep.definitions()).toEqual([sound]);
});

test('nothing is explored when that is switched off, or when nobody would hear of it', () => {
  const talking = { ...silentLogger, isLevelEnabled: () => true };
  expect(looksAt('refuse', silentLogger)()).toBeGreaterThan(0);
  expect(looksAt('warn', talking)()).toBeGreaterThan(0);
  expect(looksAt('off', talking)()).toBe(0);
  expect(looksAt('warn', silentLogger)()).toBe(0);
});

/** Runs the check; the answer tells how often it has looked at the definition by now. */
function looksAt(
  mode: VerifyAtRegistration,
  logger: Logger,
  saga: SagaDefinition = sound,
  accepting?: Promise<void>,
): () => number {
  let looks = 0;
  const watched = new Proxy(saga, {
    get: (definition, member) => {
      looks += 1;
      return Reflect.get(definition, member) as unknown;
    },
  });
  registrationCheck(mode, logger)(watched, accepting);
  return () => looks;
}
