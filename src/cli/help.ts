import type { Command } from './command.ts';

/** The overview of all commands. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => command.path.join(' ').length));
  return [
    'kedge runs Kubernetes clusters whose control plane is a Cloudflare Worker.',
    '',
    'Usage: kedge COMMAND [flags]',
    '',
    ...commands.map((command) => `  ${command.path.join(' ').padEnd(width)}  ${command.summary}`),
    '',
    'kedge COMMAND --help shows the flags of a command.',
  ].join('\n');
}

/** Help of one command. */
export function helpOf(command: Command): string {
  const flags = Object.entries(command.flags).map(([name, flag]) => {
    const left = `--${name}${flag.type === 'boolean' ? '' : ` ${flag.value ?? 'VALUE'}`}`;
    const fallback =
      flag.default === undefined || flag.default === '' || flag.type === 'boolean' ? '' : ` (default ${flag.default})`;
    return [left, flag.description + fallback] as const;
  });
  const width = Math.max(6, ...flags.map(([left]) => left.length));
  return [
    `${command.summary}.`,
    '',
    `Usage: kedge ${command.path.join(' ')}${(command.positional ?? []).map((word) => ` ${word}`).join('')}${flags.length ? ' [flags]' : ''}`,
    ...(flags.length ? ['', ...flags.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)] : []),
  ].join('\n');
}
