/**
 * Verifies a saga when it is registered, so that a mistake in a drawing is told before its first
 * customer finds it.
 *
 * Invariant: bounded by states. A warning must never hold the engine up, which shares this thread:
 * its exploration goes in short slices beside the work. A refusal has to come first.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { SagaDefinition } from '../core/define/definition.ts';
import { BackstepError } from '../core/errors.ts';
import type { Verification } from '../verify/verify.ts';
import type { Logger } from './turn-log.ts';
import { verificationOf, verifiedNow } from './verifications.ts';

/**
 * What becomes of a saga in which `verify` finds an error:
 *
 * - `warn`: it is registered, and the log says what was found, once the engine is ready.
 * - `refuse`: `register` throws `definition-invalid`; it takes as long as the exploration does.
 * - `off`: nothing is explored.
 */
export type VerifyAtRegistration = 'warn' | 'refuse' | 'off';

/**
 * The check of an engine, to be called with each definition. A warning waits until `accepting`
 * resolves, so that after a crash what was in flight goes on first.
 */
export function registrationCheck(
  mode: VerifyAtRegistration,
  logger: Logger,
): (definition: SagaDefinition, accepting?: Promise<void>) => void {
  async function warn(definition: SagaDefinition, accepting?: Promise<void>): Promise<void> {
    if (accepting !== undefined) {
      await accepting;
      await nextTick();
    }
    tell(await verificationOf(definition), logger);
  }

  switch (mode) {
    case 'off':
      return () => {};
    case 'warn':
      return (definition, accepting) => {
        if (!logger.isLevelEnabled('warn')) return; // nobody would hear of it
        warn(definition, accepting).catch((err: unknown) => {
          logger.error({ err, saga: definition.id }, 'the saga could not be verified');
        });
      };
    case 'refuse':
      return (definition) => refuse(verifiedNow(definition));
  }
}

function tell(verification: Verification, logger: Logger): void {
  const { saga, version, findings, bounds, exhaustive } = verification;
  for (const { code, severity, customer, way, what, cure } of findings) {
    const details = { saga, version, code, customer, way: way.map(({ event }) => event) };
    if (severity === 'error') logger.warn(details, `verify: ${what}; ${cure}`);
    else logger.info(details, `verify: ${what}; ${cure}`);
  }
  if (exhaustive) return;
  logger.info(
    { saga, version, states: bounds.states },
    'verify was not exhaustive at registration; `backstep verify` explores more',
  );
}

function refuse({ saga, version, findings }: Verification): void {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return;
  const way = first.way.map(({ event }) => event).join(' → ');
  const more = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`;
  throw new BackstepError(
    'definition-invalid',
    `saga "${saga}" version ${version} is refused: ${first.what}; ${first.cure}${more}` +
      `${way === '' ? '' : `; way: ${way}`}; see \`backstep verify\`, or open the engine with ` +
      `verifyAtRegistration: 'warn'`,
  );
}
