/**
 * `backstep verify`: explores the sagas of modules and tells what was found, and within which bounds
 * nothing else was.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SagaDefinition } from '../core/define/definition.ts';
import { layOut, wayPicture } from '../drawing/way-picture.ts';
import type { Finding } from '../verify/findings.ts';
import { MAX_VERIFIED_STATES, type Verification, verify } from '../verify/verify.ts';
import { EXIT_FAILED, EXIT_USAGE } from './exit-codes.ts';
import { counted } from './progress.ts';
import { loadSagas } from './saga-modules.ts';

export interface VerifyRequest {
  readonly modules: readonly string[];
  readonly isJson: boolean;
  /** Default: that of `verify`. */
  readonly maxStates?: number;
  /** Folder that gets a picture of each finding; default: none is drawn. */
  readonly pictures?: string;
}

/** Longest value that is printed in full; `--json` has all of it. */
const MAX_VALUE_LENGTH = 100;
/** Most places that were not reached that are printed; `--json` has all of them. */
const MAX_PLACES = 8;

/** Gives the exit code. */
export async function verifyModules(request: VerifyRequest): Promise<number> {
  const { modules, isJson, maxStates = MAX_VERIFIED_STATES, pictures } = request;
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
  if (pictures !== undefined) await draw(loaded.definitions, verifications, pictures);
  return verifications.some(isFailed) ? EXIT_FAILED : 0;
}

/** Writes a picture of each finding, and tells where on the error output. */
async function draw(
  definitions: readonly SagaDefinition[],
  verifications: readonly Verification[],
  folder: string,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [index, { saga, version, findings }] of verifications.entries()) {
    const definition = definitions[index];
    if (definition === undefined || findings.length === 0) continue;
    const laid = await layOut(definition);
    for (const [number, finding] of findings.entries()) {
      const name = `${saga}-v${version}-${number + 1}-${finding.code}.svg`;
      const path = join(folder, name);
      writeFileSync(path, wayPicture(laid, `${saga}, version ${version}`, finding));
      process.stderr.write(`backstep: ${path} shows the way\n`);
    }
  }
}

/** An error was found, or nothing could be looked at. */
function isFailed({ findings, bounds }: Verification): boolean {
  return bounds.states === 0 || findings.some(({ severity }) => severity === 'error');
}

function verificationText(verification: Verification): string {
  const { saga, version, findings, bounds, exhaustive } = verification;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const verdict =
    findings.length === 0
      ? 'nothing found'
      : [
          ...(errors > 0 ? [inWords(errors, 'error')] : []),
          ...(errors < findings.length ? [inWords(findings.length - errors, 'warning')] : []),
        ].join(', ');
  const { states, transitions, maxStates } = bounds;
  const extent = exhaustive
    ? 'exhaustive within these bounds:'
    : states === 0
      ? 'NOTHING WAS EXPLORED'
      : 'NOT EXHAUSTIVE: there are more, and nothing is said of them; raise --max-states';
  return [
    `${saga}, version ${version}: ${verdict} in ${states} states and ${transitions} transitions, ` +
      extent,
    `  states: at most ${maxStates}`,
    ...boundLines(verification),
    ...findings.flatMap(findingLines),
    '',
  ].join('\n');
}

function boundLines({ bounds, values, notReached }: Verification): readonly string[] {
  const { budgets, loops } = bounds;
  const alike = budgets.filter(({ explored }) => explored === 'first and last');
  const attempts = alike.map(({ activity, attempts: most }) => `${activity} ${most}`).join(', ');
  const rounds = loops.map(({ loop, atMost }) => `${loop} ${atMost}`).join(', ');
  const places = notReached.slice(0, MAX_PLACES).map(({ kind, name }) => `    ${kind} ${name}`);
  const more = notReached.length - places.length;
  return [
    ...(attempts === '' ? [] : [`  attempts before the last one count as alike: ${attempts}`]),
    ...(rounds === '' ? [] : [`  rounds: ${rounds}`]),
    ...(values.length === 0 ? [] : ['  values:']),
    ...values.map(({ member, value, from }) => `    ${member}: ${shortened(value)} (${from})`),
    ...(notReached.length === 0 ? [] : [`  not reached: ${counted(notReached.length)}`]),
    ...places,
    ...(more > 0 ? [`    and ${counted(more)} more, see --json`] : []),
  ];
}

function inWords(count: number, what: string): string {
  return `${counted(count)} ${what}${count === 1 ? '' : 's'}`;
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}...` : text;
}

function findingLines(finding: Finding): readonly string[] {
  const { code, severity, customer, way, cure, what } = finding;
  return [
    `  ${severity} ${code}: ${customer}`,
    `    ${what}`,
    ...way.map(({ event, state }) => `      ${event} → ${state}`),
    `    Cure: ${cure}`,
  ];
}
