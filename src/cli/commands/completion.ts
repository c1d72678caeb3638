/**
 * `backstep completion`: what a shell needs to complete the command, made of the commands that there
 * are.
 */
import { Argument, type Command } from 'commander';
import { SAGA_STATUSES } from '../../core/status.ts';
import type { Surroundings } from '../command-run.ts';
import { EXIT_WELL } from '../exit-codes.ts';

/** Adds it to the program; to be called last. */
export function addCompletion(program: Command, { terminal, exit }: Surroundings): void {
  program
    .command('completion')
    .description('print completion for a shell: source <(backstep completion bash)')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh']))
    .action((shell: string) => {
      terminal.out(shell === 'bash' ? bash(program) : `${ZSH}${bash(program)}`);
      exit(EXIT_WELL);
    });
}

// zsh reads the same through its own bashcompinit, which needs compinit to have run.
const ZSH = `(( $+functions[compdef] )) || { autoload -U compinit && compinit; }
autoload -U bashcompinit && bashcompinit
`;

function bash(program: Command): string {
  const names = program.commands.map((command) => command.name());
  const cases = program.commands.map((command) => {
    const flags = [...command.options.map(({ long }) => long), '--help'];
    return `    ${command.name()}) words='${flags.join(' ')}' ;;`;
  });
  const helped = names.join(' ');
  return `_backstep() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words='' ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words='${helped} help --help --version'; fi
  case "\${COMP_WORDS[COMP_CWORD-1]} $current" in
    "--status "*) words='${SAGA_STATUSES.join(' ')}' ;;
    "completion "*) words='bash zsh' ;;
    "help "*) words='${helped}' ;;
    *" -"*) ;;
    *) if [ "$COMP_CWORD" -gt 1 ]; then COMPREPLY=(); return; fi ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _backstep backstep
`;
}
