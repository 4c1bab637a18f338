import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';

/** Needs what a real node needs, and kubectl. */
function canRun(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/busybox')) return false;
  try {
    execFileSync(
      'unshare',
      [
        '-nmpf',
        '--mount-proc',
        'sh',
        '-c',
        'nft list tables && containerd --version && runc --version && kubectl version --client',
      ],
      { stdio: 'ignore' },
    );
    return true;
  } catch {
    return false;
  }
}

interface Ran {
  code: number;
  out: string;
  err: string;
}

describe.skipIf(!canRun())('kubectl against the kubelet API of a node with containerd', () => {
  let seen: Record<string, unknown> = {};
  const ran = (name: string) => seen[name] as Ran;
  beforeAll(() => {
    const program = new URL('containerd-scenario.ts', import.meta.url).pathname;
    const args = ['-nmpf', '--kill-child', '--mount-proc', process.execPath, program];
    const out = execFileSync('unshare', args, {
      encoding: 'utf8',
      timeout: 110_000,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    seen = JSON.parse(out.trim().split('\n').at(-1) as string);
  }, 120_000);

  it('runs to its end', () => expect(seen.error).toBeUndefined());

  it('reads logs: all, the last lines, with times, up to a size, and of the life before', () => {
    expect(ran('logs')).toEqual({ code: 0, out: 'one\ntwo\n', err: '' });
    expect(seen.tail).toBe('two\n');
    expect(seen.timestamps).toMatch(/^\d{4}-\d\d-\d\dT\S+Z one\n\d{4}-\d\d-\d\dT\S+Z two\n$/);
    expect(seen.limit).toBe('one\nt');
    expect(seen.previous).toBe('first life\n');
  });

  it('follows a log until the container ends', () =>
    expect(ran('follow')).toMatchObject({ code: 0, out: 'one\ntwo\nthreelate\n' }));

  it('keeps output and error apart and passes the exit code', () => {
    expect(ran('exec')).toMatchObject({ code: 7, out: 'out\n' });
    expect(ran('exec').err).toBe('err\ncommand terminated with exit code 7');
  });

  it('says why a command cannot be run', () => expect(ran('missing').err).toMatch(/executable file not found/));

  it('ends the input of a command when the client does', () =>
    expect(ran('stdin')).toMatchObject({ code: 0, out: 'to be echoed' }));

  it('gives a terminal of the size of the client', () => expect(seen.tty).toMatch(/33 99$/));

  it('copies 40 MiB both ways unchanged', () => expect(seen.copy).toMatchObject({ up: 0, down: 0, same: true }));

  it('ends with the exit code of a process that leaves its input unread', () => {
    expect(seen.unread).toEqual(Array.from({ length: 8 }, () => 5));
    expect(ran('nowhere').code).toBe(1);
    expect(ran('nowhere').err).toMatch(/No such file or directory[\s\S]*exit code 1$/);
  });

  it('keeps input for a process that reads it late', () =>
    expect(ran('late')).toMatchObject({ code: 4, out: `${seen.lateSum}  -\n` }));

  it('leaves no connection to containerd behind', () => expect(seen.sockets).toEqual([]));

  it('attaches to a running container', () => expect(seen.attach).toBe('hello reader\n'));

  it('forwards a port for many connections at a time', () => expect(seen.portForward).toEqual(['page']));

  it('forwards ports as channels, the error of one apart from the data of the other', () => {
    const { head, answer, error } = seen.portChannels as { head: number[][]; answer: string; error: string };
    expect(head).toEqual([
      [0, 0x90, 0x1f],
      [1, 0x90, 0x1f],
      [2, 9, 0],
      [3, 9, 0],
    ]);
    expect(answer).toMatch(/200 OK[\s\S]*page\n$/);
    expect(error).toMatch(/refused/);
  });

  it('refuses a container that does not run', () => expect(ran('gone').err).toMatch(/container not found \("main"\)/));
});
