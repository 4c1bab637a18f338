/** Commands as data: one list of them gives parsing, help and shell completion. */

export interface Flag {
  /** `string` takes a value, `boolean` none. */
  type: 'string' | 'boolean' | 'number';
  description: string;
  /** Name of the value in help. */
  value?: string;
  default?: string | number | boolean;
}

export interface CommandContext {
  /** Folder of the built bundles. */
  dist: string;
  flags: Record<string, string | number | boolean | undefined>;
  arguments: string[];
  /** The command line as given, without the program. */
  words: readonly string[];
  /** One line on standard output. */
  print(line: string): void;
  /** One line on standard error. */
  progress(line: string): void;
}

export interface Command {
  /** Words that name it: `['token', 'create']`. */
  path: readonly string[];
  summary: string;
  /** Positional arguments as help shows them, e.g. `URL`. */
  positional?: readonly string[];
  flags: Readonly<Record<string, Flag>>;
  /** Returns the exit code; throws UsageError or UserError. */
  run(context: CommandContext): Promise<number>;
}

/** Typed identity for command files. */
export const defineCommand = (command: Command): Command => command;

/** The command line itself is wrong; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
