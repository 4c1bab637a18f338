import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands/index.ts';
import { readWords } from '../../src/cli/read-words.ts';

const read = (line: string) => readWords(commands, line.split(' ').filter(Boolean));

describe('the words of a command line', () => {
  it('name a command and leave the rest to it', () => {
    expect(read('cluster create other --api-only')).toMatchObject({
      command: { path: ['cluster', 'create'] },
      rest: ['other', '--api-only'],
    });
    expect(read('--version -o json')).toMatchObject({ command: { path: ['version'] }, rest: ['-o', 'json'] });
  });

  it.each(['', 'help', '--help', '-h'])('"%s" lists all commands', (line) => {
    const { help } = read(line) as { help: string };
    for (const { path } of commands) expect(help).toContain(`  ${path.join(' ')} `);
  });

  it.each(['up --help', 'up --port 1 -h', 'help up', '--help up'])('"%s" shows one command', (line) => {
    expect(read(line)).toMatchObject({ help: expect.stringMatching(/^Start a local cluster\.\n\nUsage: kedge up /) });
  });

  it.each(['token --help', 'help token', '-h token', 'token help'])('"%s" lists the commands of a group', (line) => {
    const { help } = read(line) as { help: string };
    expect(help).toContain('  token create ');
    expect(help).not.toContain('kubeconfig');
  });

  it.each([
    ['fly', 'kedge: unknown command "fly"; kedge --help lists them'],
    ['--loud', 'kedge: unknown command "--loud"; kedge --help lists them'],
    ['cluster', 'kedge cluster: say which: create, list, delete'],
    ['cluster paint x', 'kedge cluster: unknown command "paint"; there are: create, list, delete'],
  ])('"%s" is refused', (line, refusal) => {
    expect(read(line)).toEqual({ refusal });
  });
});
