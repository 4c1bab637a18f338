import { type Command, type CommandContext, UsageError } from './command.ts';

/** Flags and positional arguments of one command; throws UsageError naming the word that is wrong. */
export function parseFlags(command: Command, words: readonly string[]): Pick<CommandContext, 'flags' | 'arguments'> {
  const flags: CommandContext['flags'] = {};
  for (const [name, flag] of Object.entries(command.flags)) flags[name] = flag.default;
  const positional: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (!word.startsWith('-') || word === '-') {
      positional.push(word);
      continue;
    }
    const [name, inline] = splitFlag(word);
    const flag = command.flags[name];
    if (!flag) throw new UsageError(`unknown flag ${word.split('=')[0]}`);
    if (flag.type === 'boolean') {
      flags[name] = inline === undefined ? true : booleanOf(name, inline);
      continue;
    }
    const value = inline ?? words[++i];
    if (value === undefined) throw new UsageError(`flag --${name} needs a value`);
    flags[name] = flag.type === 'number' ? numberOf(name, value) : value;
  }
  const wanted = command.positional?.length ?? 0;
  if (positional.length > wanted) throw new UsageError(`unexpected argument "${positional[wanted]}"`);
  if (positional.length < wanted) throw new UsageError(`missing argument ${command.positional?.[positional.length]}`);
  return { flags, arguments: positional };
}

function splitFlag(word: string): [string, string | undefined] {
  const bare = word === '-o' || word.startsWith('-o=') ? `output${word.slice(2)}` : word.replace(/^--?/, '');
  const at = bare.indexOf('=');
  return at < 0 ? [bare, undefined] : [bare.slice(0, at), bare.slice(at + 1)];
}

function booleanOf(name: string, value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw new UsageError(`flag --${name} takes true or false, not "${value}"`);
}

function numberOf(name: string, value: string): number {
  const number = Number(value);
  if (value !== '' && Number.isInteger(number) && number >= 0) return number;
  throw new UsageError(`flag --${name} takes a whole number, not "${value}"`);
}

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Seconds of a duration such as `90s`, `5m`, `1h30m`; throws UsageError naming the flag. */
export function secondsOf(flag: string, value: string): number {
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (value === '' || parts.map((part) => part[0]).join('') !== value) {
    throw new UsageError(`flag --${flag} takes a duration such as 90s or 5m, not "${value}"`);
  }
  return parts.reduce((sum, part) => sum + Number(part[1]) * (UNITS[part[2] as string] as number), 0);
}
