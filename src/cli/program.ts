/**
 * The command line of `backstep`: its commands, their help, and what a mistake in it is told as.
 */
import { Command, CommanderError } from 'commander';
import type { Environment } from '../core/settings.ts';
import { ownVersion } from '../server/environment.ts';
import type { Surroundings } from './command-run.ts';
import { addAlertCommands } from './commands/alert-commands.ts';
import { addBackupCommands } from './commands/backup-commands.ts';
import { addCallCommands } from './commands/call-commands.ts';
import { addCompactCommand } from './commands/compact-command.ts';
import { addCompletion } from './commands/completion.ts';
import { addDatabaseCommands } from './commands/database-commands.ts';
import { addDeployCommand } from './commands/deploy-command.ts';
import { addListCommands } from './commands/list-commands.ts';
import { addLookCommands } from './commands/look-commands.ts';
import { addImportCommand } from './commands/import-command.ts';
import { addExportCommand } from './commands/export-command.ts';
import { addOrderCommands } from './commands/order-commands.ts';
import { addStartCommands } from './commands/start-commands.ts';
import { EXIT_CODES, EXIT_FAILED, EXIT_USAGE, EXIT_WELL } from './exit-codes.ts';
import { shownText, type Terminal, usageAsJson } from './terminal.ts';

/** Runs a command line. Gives its exit code; throws nothing. */
export async function runCommandLine(
  args: readonly string[],
  env: Environment,
  terminal: Terminal,
): Promise<number> {
  let exitCode = EXIT_FAILED;
  const exit = (code: number): void => void (exitCode = code);
  const program = programOf({ env, terminal, exit }, args.includes('--json'));
  if (args.length === 0) {
    terminal.err(`backstep: say what to do\n\n${program.helpInformation()}`);
    return EXIT_USAGE;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Its message was printed; asking for help is no mistake.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_WELL : EXIT_USAGE;
    throw error;
  }
}

function programOf(surroundings: Surroundings, isJson: boolean): Command {
  const { terminal } = surroundings;
  const program = new Command('backstep')
    .description('Operates sagas: finds, explains and orders them, on a server or a database.')
    .version(ownVersion(), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: (text, write) =>
        write(isJson ? usageAsJson(mistakeIn(text)) : mistakeText(text)),
      getOutHasColors: () => terminal.hasColours,
    })
    .usage('<command> [options]')
    .showSuggestionAfterError()
    .addHelpText('after', AFTER_HELP);
  program.commandsGroup('Find and explain:');
  addListCommands(program, surroundings);
  addLookCommands(program, surroundings);
  addAlertCommands(program, surroundings);
  program.commandsGroup('Start and order:');
  addStartCommands(program, surroundings);
  addOrderCommands(program, surroundings);
  program.commandsGroup('Modules and databases:');
  addDatabaseCommands(program, surroundings);
  addBackupCommands(program, surroundings);
  addCompactCommand(program, surroundings);
  addExportCommand(program, surroundings);
  addImportCommand(program, surroundings);
  program.commandsGroup('Sagas on Restate:');
  addCallCommands(program, surroundings);
  addDeployCommand(program, surroundings);
  program.commandsGroup('Other:');
  addCompletion(program, surroundings);
  program.helpCommand('help [command]', 'print the help of a command');
  for (const command of [program, ...program.commands])
    command.showHelpAfterError(isJson ? false : usageOf(command));
  return program;
}

// All of the help would push what is wrong off the screen.
function usageOf(command: Command): string {
  const name = command.parent === null ? command.name() : `backstep ${command.name()}`;
  return `Usage: ${name} ${command.usage()}; ${name} --help tells more`;
}

// Commander's own words, as every other message of the command begins.
function mistakeText(text: string): string {
  const lines = mistakeIn(text).split('\n').map(shownText);
  return `backstep: ${lines.join('\n')}\n`;
}

function mistakeIn(text: string): string {
  return text.trimEnd().replace(/^error: /, '');
}

const AFTER_HELP = `
A saga is named by its id or key, or by as much of either as only one begins with. With --json the
answer is the one that the API gives, and an error is {"error": {...}} on the error output.

Exit codes:
${EXIT_CODES.map(([code, what]) => `  ${code}  ${what}`).join('\n')}

Examples:
  backstep ls --status compensation_failed,failed,parked
  backstep why 01m8h2m0
  backstep retry --type order --status failed --reason 'the provider is back' --yes
  backstep check sagas --db trips.db
`;
