/**
 * `backstep calls`, `nudge` and `resync`: the calls between machines that run sagas together. Where
 * one process runs them there are none, and the last two are refused.
 */
import type { Command } from 'commander';
import type { CallsAnswer, NudgeAnswer, ResyncAnswer } from '../../client.ts';
import { agoText, columns } from '../columns.ts';
import { type Running, type Surroundings, whenConnected } from '../command-run.ts';
import { type ConnectionOptions, onServer } from '../connection.ts';
import { EXIT_FAILED, EXIT_WELL } from '../exit-codes.ts';
import { askedUntilOver, counted, shareText, withProgress } from '../progress.ts';
import { sagaNamed } from '../saga-named.ts';
import { shownText } from '../terminal.ts';

interface TrialOptions extends ConnectionOptions {
  readonly dryRun?: boolean;
}

/** Adds them to the program. */
export function addCallCommands(program: Command, surroundings: Surroundings): void {
  const calls = onServer(
    program
      .command('calls')
      .description('list calls between machines that do not get on, and what to do of them'),
  );
  whenConnected(calls, surroundings, listCalls);
  const nudge = onServer(
    tried(
      program
        .command('nudge <saga>')
        .description('set a saga on Restate going again of which somebody killed a call'),
    ),
  );
  whenConnected<TrialOptions>(nudge, surroundings, nudgeSaga);
  const resync = onServer(
    tried(
      program
        .command('resync')
        .description('write what the database of sagas on Restate lacks, of what Restate keeps'),
    ),
  );
  whenConnected<TrialOptions>(resync, surroundings, writeAgain);
}

function tried(command: Command): Command {
  return command.option('--dry-run', 'say what would be done, and do nothing');
}

async function listCalls(_: unknown, __: unknown, { client, report, typed }: Running) {
  const answer = await client.calls();
  report.answer(answer, () => callLines(answer));
  const [example] = answer.troubles.flatMap(({ examples }) => examples);
  const sagaId = example?.sagaId ?? null;
  report.next(sagaId === null ? null : typed(`why ${sagaId}`));
  return answer.troubles.length > 0 ? EXIT_FAILED : EXIT_WELL;
}

function callLines({ isOneProcess, troubles }: CallsAnswer): readonly string[] {
  if (isOneProcess) return ['one process runs all sagas here: it makes no calls'];
  if (troubles.length === 0) return ['every call gets on'];
  return troubles.flatMap(({ kind, calls, cure, examples }) => [
    `${kind}: ${counted(calls)}. ${cure}`,
    ...callTable(examples),
  ]);
}

function callTable(calls: NudgeAnswer['calls']): readonly string[] {
  const rows = calls.map(({ id, what, sagaId, status, tries, since, failure }) => [
    id,
    what,
    sagaId ?? '-',
    status,
    String(tries),
    agoText(since, Date.now()),
    failure ?? '',
  ]);
  return columns(['CALL', 'WHAT', 'SAGA', 'STATUS', 'TRIES', 'SINCE', 'FAILURE'], rows);
}

async function nudgeSaga(
  { dryRun = false }: TrialOptions,
  [name = '']: readonly string[],
  { client, report, typed }: Running,
): Promise<number> {
  const { id } = await sagaNamed(client, name, report, 'changes');
  const nudged = await client.nudge(id, { dryRun });
  const answer = dryRun ? { dryRun, ...nudged } : nudged;
  report.answer(answer, () => [nudgeText(nudged, dryRun), ...callTable(nudged.calls)]);
  report.next(typed(`watch ${id}`), nudged.calls.length > 0 ? typed('calls') : null);
  return EXIT_WELL;
}

function nudgeText({ id, kind, dispatched }: NudgeAnswer, isTrial: boolean): string {
  const saga = shownText(id);
  switch (kind) {
    case 'nudged': {
      const what = shownText(dispatched.join(', '));
      return `${saga}: ${isTrial ? 'would dispatch' : 'dispatched'} again ${what}`;
    }
    case 'moves':
      return `${saga}: calls of it are under way, so that nothing ${isTrial ? 'would be' : 'was'} done`;
    case 'waits':
      return `${saga}: nothing that is live lacks its call; ${isTrial ? 'its timers would be armed' : 'its timers were armed'} again`;
  }
}

async function writeAgain(
  { dryRun = false }: TrialOptions,
  _: readonly string[],
  running: Running,
): Promise<number> {
  const { client, report, typed } = running;
  const counts = await client.resync({ dryRun });
  const done = dryRun
    ? counts
    : await withProgress(resyncing(running), ({ written, lost, missing, behind }) =>
        shareText(written, missing + behind, `${counted(lost)} lost`),
      );
  report.answer(dryRun ? { dryRun, ...done } : done, () => resyncLines(done, dryRun));
  report.next(typed('stats'));
  return done.state === 'failed' || done.lost > 0 ? EXIT_FAILED : EXIT_WELL;
}

function resyncing({ client, terminal }: Running): AsyncGenerator<ResyncAnswer, ResyncAnswer> {
  return askedUntilOver({
    ask: () => client.resynced(),
    isOver: ({ state }) => state !== 'running',
    interrupted: terminal.interrupted,
    goesOn: 'the server goes on; order it again to see how far it is',
  });
}

function resyncLines(progress: ResyncAnswer, isTrial: boolean): readonly string[] {
  const { sagas, missing, behind, written, lost, lostExamples, error } = progress;
  const was = isTrial ? 'are' : 'were';
  return [
    `of ${counted(sagas)} sagas on Restate ${counted(missing)} ${was} not in the database, ` +
      `${counted(behind)} with fewer turns`,
    ...(isTrial ? [] : [`${counted(written)} are written`]),
    ...(lost === 0
      ? []
      : [
          `${counted(lost)} cannot be: their turns are not kept (${shownText(lostExamples.join(', '))})`,
        ]),
    ...(error === null ? [] : [shownText(error)]),
  ];
}
