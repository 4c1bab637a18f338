import { type Command, defineCommand, UsageError } from '../command.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Prints a completion script that is made from the list of commands. */
export function createCompletion(commands: () => readonly Command[]): Command {
  return defineCommand({
    path: ['completion'],
    summary: 'Print a completion script for bash, zsh or fish',
    positional: ['SHELL'],
    flags: {},
    async run(context) {
      const shell = context.arguments[0];
      if (!SHELLS.some((known) => known === shell))
        throw new UsageError(`no completion for "${shell}"; known shells: ${SHELLS.join(', ')}`);
      context.print(shell === 'fish' ? fish(commands()) : bash(commands(), shell === 'zsh'));
      return 0;
    },
  });
}

function bash(commands: readonly Command[], zsh: boolean): string {
  const cases = commands.map((command) => {
    const flags = Object.keys(command.flags).map((name) => `--${name}`);
    return `    "${command.path.join(' ')}"*) words="${flags.join(' ')} --help" ;;`;
  });
  const first = [...new Set(commands.map((command) => command.path[0]))].join(' ');
  const nested = commands.filter((command) => command.path.length > 1);
  const second = [...new Set(nested.map((command) => command.path[0]))].map((head) => {
    const tails = nested.filter((command) => command.path[0] === head).map((command) => command.path[1]);
    return `    "${head}") words="${tails.join(' ')}" ;;`;
  });
  return [
    ...(zsh ? ['autoload -U +X bashcompinit && bashcompinit'] : []),
    '_kedge() {',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: shell syntax
    '  local words line="${COMP_WORDS[*]:1:COMP_CWORD-1}"',
    '  case "$line" in',
    `    "") words="${first}" ;;`,
    ...second,
    ...cases,
    '  esac',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: shell syntax
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    'complete -F _kedge kedge',
  ].join('\n');
}

function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => {
    const seen = command.path.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    const flags = Object.entries(command.flags).map(
      ([name, flag]) =>
        `complete -c kedge -n '${seen}' -l ${name} -d '${flag.description.replaceAll("'", '')}'${flag.type === 'boolean' ? '' : ' -r'}`,
    );
    const word =
      command.path.length === 1
        ? `complete -c kedge -f -n __fish_use_subcommand -a ${command.path[0]} -d '${command.summary.replaceAll("'", '')}'`
        : `complete -c kedge -f -n '__fish_seen_subcommand_from ${command.path[0]}' -a ${command.path[1]} -d '${command.summary.replaceAll("'", '')}'`;
    return [word, ...flags];
  });
  return lines.join('\n');
}
