import type { Command } from './command.ts';
import { helpOf, overview } from './help.ts';

/** What a command line comes to: a command with the words after its name, a text to print, or a reason to refuse. */
export type Reading = { command: Command; rest: readonly string[] } | { help: string } | { refusal: string };

const HELP: readonly (string | undefined)[] = ['help', '--help', '-h', undefined];
const VERSION: readonly (string | undefined)[] = ['--version', '-v'];

/** Finds out what `words`, the command line without the program, ask for. */
export function readWords(commands: readonly Command[], words: readonly string[]): Reading {
  if (VERSION.includes(words[0])) return readWords(commands, ['version', ...words.slice(1)]);
  const asksHelp = HELP.includes(words[0]);
  const named = asksHelp ? words.slice(1) : words;
  if (named.length === 0) return { help: overview(commands) };
  const command = findCommand(commands, named);
  if (command) {
    const rest = named.slice(command.path.length);
    return asksHelp || rest.includes('--help') || rest.includes('-h') ? { help: helpOf(command) } : { command, rest };
  }
  const group = commands.filter(({ path }) => path[0] === named[0]);
  if (group.length === 0) return { refusal: `kedge: unknown command "${named[0]}"; kedge --help lists them` };
  const tail = named[1];
  if (asksHelp || HELP.slice(0, -1).includes(tail)) return { help: overview(group) };
  const known = group.map(({ path }) => path.slice(1).join(' ')).join(', ');
  return {
    refusal:
      tail === undefined
        ? `kedge ${named[0]}: say which: ${known}`
        : `kedge ${named[0]}: unknown command "${tail}"; there are: ${known}`,
  };
}

/** The command that `words` name: the longest path that matches. */
function findCommand(commands: readonly Command[], words: readonly string[]): Command | undefined {
  return commands
    .filter((command) => command.path.every((word, index) => words[index] === word))
    .sort((a, b) => b.path.length - a.path.length)[0];
}
