/** The `kedge` command: finds the command, parses its flags, turns errors into one line and an exit code. */
import { UserError } from '../emulator/index.ts';
import { type CommandContext, UsageError } from './command.ts';
import { commands } from './commands/index.ts';
import { parseFlags } from './parse.ts';
import { readWords } from './read-words.ts';

/**
 * Runs the command that `words` name and returns the exit code: 0 done, 1 failed, 2 wrong command line; commands
 * document others. `dist` is the folder of the built bundles.
 */
export async function main(words: readonly string[], options: { dist: string }): Promise<number> {
  // Who reads the output may go away, a terminal that is closed for one; a cluster must still be stopped in order.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  const progress = (line: string) => void process.stderr.write(`${line}\n`);
  const reading = readWords(commands, words);
  if ('help' in reading) {
    print(reading.help);
    return 0;
  }
  if ('refusal' in reading) {
    progress(reading.refusal);
    return 2;
  }
  const { command, rest } = reading;
  try {
    const context: CommandContext = { dist: options.dist, words, ...parseFlags(command, rest), print, progress };
    return await command.run(context);
  } catch (error) {
    return report(command.path.join(' '), error, progress);
  }
}

function report(path: string, error: unknown, progress: (line: string) => void): number {
  if (error instanceof UsageError) {
    progress(`kedge ${path}: ${error.message}; see kedge ${path} --help`);
    return 2;
  }
  if (error instanceof UserError) {
    progress(`kedge ${path}: ${error.message}`);
    return error.exitCode;
  }
  const known = error instanceof Error ? (error as NodeJS.ErrnoException) : undefined;
  progress(`kedge ${path}: ${known?.message ?? String(error)}`);
  if (process.env.KEDGE_DEBUG && known?.stack) progress(known.stack);
  return 1;
}
