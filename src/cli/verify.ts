/**
 * `backstep verify`: explores the sagas of modules and tells what was found.
 */
import { MAX_VERIFIED_STATES, type Verification, verify } from '../verify/verify.ts';
import { EXIT_FAILED, EXIT_USAGE } from './exit-codes.ts';
import { loadSagas } from './saga-modules.ts';

export interface VerifyRequest {
  readonly modules: readonly string[];
  readonly isJson: boolean;
  /** Default: that of `verify`. */
  readonly maxStates?: number;
}

/** Gives the exit code. */
export async function verifyModules(request: VerifyRequest): Promise<number> {
  const { modules, isJson, maxStates = MAX_VERIFIED_STATES } = request;
  const loaded = await loadSagas(modules);
  if (loaded.kind === 'mistake') {
    process.stderr.write(`backstep: ${loaded.message}\n`);
    return EXIT_USAGE;
  }
  const verifications = loaded.definitions.map((definition) => verify(definition, { maxStates }));
  const text = isJson
    ? `${JSON.stringify(verifications, null, 2)}\n`
    : verifications.map(verificationText).join('\n');
  process.stdout.write(text);
  const findings = verifications.flatMap((each) => each.findings);
  return findings.some(({ severity }) => severity === 'error') ? EXIT_FAILED : 0;
}

function verificationText(verification: Verification): string {
  const { definition, findings, states, transitions, isExhaustive } = verification;
  const verdict = findings.length === 0 ? 'nothing found' : `${findings.length} found`;
  const extent = isExhaustive
    ? 'all of them'
    : 'NOT EXHAUSTIVE: there are more, and nothing is said of them; raise --max-states';
  return [
    `${definition.id}, version ${definition.version}: ${verdict} in ${states} states and ` +
      `${transitions} transitions, ${extent}`,
    ...findings.flatMap(({ kind, severity, message, path }) => [
      `  ${severity} ${kind}: ${message}`,
      ...path.map(({ event, state }) => `      ${event} → ${state}`),
    ]),
    '',
  ].join('\n');
}
