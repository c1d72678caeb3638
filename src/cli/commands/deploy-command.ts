/**
 * `backstep deploy`: puts new workers on Restate in the place of old ones.
 */
import type { Command } from 'commander';
import type { BackstepClient } from '../../client.ts';
import { toMs } from '../../core/duration.ts';
import { assertHttpUrl } from '../../core/http-url.ts';
import { type Clock, systemClock } from '../../host/clock.ts';
import type { Deployed, DeploymentPlan, FaceKnows } from '../../restate/deploy.ts';
import { type Running, type Surroundings, whenConnected } from '../command-run.ts';
import { type ConnectionOptions, onServer } from '../connection.ts';
import { EXIT_FAILED, EXIT_REFUSED, EXIT_WELL } from '../exit-codes.ts';
import { durationValue, textValue } from '../option-values.ts';
import { counted, withProgress } from '../progress.ts';
import { shownText } from '../terminal.ts';
import { DEFAULT_ADMIN } from './on-move.ts';

interface DeployOptions extends ConnectionOptions {
  readonly admin: string;
  readonly within?: `${number}ms`;
  readonly dryRun?: boolean;
}

const WORKERS_STAY =
  'new calls go to the new workers already; order it again to take the old ones away';

const HELP = `
The address is that of the new workers, or of the balancer before them, and one that no earlier
build had. --url is the face, which says what is in flight. Old workers go on until this command
has taken them away: then stop them. Started again it goes on from where it was.`;

/** Adds it to the program. */
export function addDeployCommand(program: Command, surroundings: Surroundings): void {
  const deploy = onServer(
    program
      .command('deploy <address>')
      .description('put new workers on Restate in the place of old ones')
      .option('--admin <url>', "Restate's admin port", textValue, DEFAULT_ADMIN)
      .option(
        '--within <duration>',
        'wait so long at most for old calls, such as 5m',
        durationValue,
      )
      .option('--dry-run', 'look whether it may be done, and do nothing')
      .addHelpText('after', HELP),
  );
  whenConnected<DeployOptions>(deploy, surroundings, (options, [address = ''], running) =>
    deployWorkers(options, address, running, WAITING_CLOCK),
  );
}

/** The machine's clock, whose waits keep the process: between two looks at old calls nothing else does. */
const WAITING_CLOCK: Clock = {
  ...systemClock,
  after: (delayMs, run) => {
    const handle = setTimeout(run, delayMs);
    return () => clearTimeout(handle);
  },
};

async function deployWorkers(
  options: DeployOptions,
  address: string,
  running: Running,
  clock: Clock,
): Promise<number> {
  for (const url of [address, options.admin]) assertHttpUrl(url);
  const { report, terminal, typed } = running;
  const [{ Admin }, { planDeployment, deploy }] = await Promise.all([
    import('../../restate/face/admin.ts'),
    import('../../restate/deploy.ts'),
  ]);
  const admin = new Admin(options.admin);
  const ask = () => knownBy(running.client);
  const plan = await planDeployment(admin, new URL(address).href, ask, clock.nowMs());
  if (plan.refusals.length > 0 || options.dryRun === true) {
    report.answer({ dryRun: options.dryRun === true, ...plan }, () => planLines(plan));
    return plan.refusals.length > 0 ? EXIT_REFUSED : EXIT_WELL;
  }
  const withinMs = options.within === undefined ? null : toMs(options.within, '--within');
  const work = deploy(admin, plan, { clock, withinMs, ask });
  const done = await withProgress(work, ({ left }) => {
    if (terminal.interrupted.aborted) throw new Error(`interrupted; ${WORKERS_STAY}`);
    return `${counted(left)} calls left on old workers`;
  });
  if ('refusal' in done) {
    const refusals = [done.refusal];
    report.answer({ dryRun: false, ...plan, refusals }, () => planLines({ ...plan, refusals }));
    return EXIT_REFUSED;
  }
  report.answer({ url: plan.url, runs: plan.runs, ...done }, () => doneLines(plan, done));
  report.next(done.left > 0 ? typed('calls') : typed('stats'));
  return done.left > 0 || done.stranded.length > 0 ? EXIT_FAILED : EXIT_WELL;
}

async function knownBy(client: BackstepClient): Promise<FaceKnows> {
  const versions = await client.versions();
  return {
    inFlight: versions.flatMap(({ type, version, underWay }) =>
      underWay === 0 ? [] : [{ type, version, sagas: underWay }],
    ),
    isKnown: (type, version) =>
      versions.some((each) => each.type === type && each.version === version && each.isRegistered),
  };
}

function planLines({ url, refusals, runs, isServing, old }: DeploymentPlan): readonly string[] {
  if (refusals.length > 0) {
    return [`${shownText(url)} is refused:`, ...refusals.map((each) => `  ${shownText(each)}`)];
  }
  const does = isServing ? 'serves already' : 'would serve';
  return [
    `${shownText(url)} ${does} ${shownText(versionsText(runs))}`,
    ...old.map((each) => `in the place of ${shownText(each.url)}`),
  ];
}

function versionsText(runs: DeploymentPlan['runs']): string {
  const names = runs.map(({ type, version, hash }) =>
    hash === null ? `${type}@${version} by a migration` : `${type}@${version}`,
  );
  return names.join(', ') || 'no saga';
}

function doneLines({ url, runs }: DeploymentPlan, { left, removed, kept, stranded }: Deployed) {
  return [
    `${shownText(url)} serves ${shownText(versionsText(runs))}`,
    ...removed.map((each) => `nothing is left on ${shownText(each)}: its workers may stop`),
    ...kept.map((each) => `${shownText(each)} must go on`),
    ...(left === 0 ? [] : [`${counted(left)} calls are left on old workers; start this again`]),
    ...stranded.map((each) => `begun meanwhile: ${shownText(each)}`),
  ];
}
