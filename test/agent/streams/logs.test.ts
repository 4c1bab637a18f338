import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogWriter, parseLogLine } from '../../../src/agent/streams/log-format.ts';
import { readLog } from '../../../src/agent/streams/log-reader.ts';
import { parseLogQuery } from '../../../src/agent/streams/logs.ts';

const line = (second: number, text: string, stream = 'stdout', tag = 'F') =>
  `2026-01-01T00:00:${String(second).padStart(2, '0')}.5Z ${stream} ${tag} ${text}\n`;

describe('a line of a container log', () => {
  it('is read with and without text', () => {
    expect(parseLogLine(Buffer.from('2026-01-01T00:00:00Z stderr P some text'))).toEqual({
      time: '2026-01-01T00:00:00Z',
      stream: 'stderr',
      complete: false,
      text: Buffer.from('some text'),
    });
    expect(parseLogLine(Buffer.from('2026-01-01T00:00:00Z stdout F'))?.text.length).toBe(0);
    expect(parseLogLine(Buffer.from('2026-01-01T00:00:00Z stdin F x'))).toBeUndefined();
    expect(parseLogLine(Buffer.from('garbage'))).toBeUndefined();
  });
});

describe('the log writer', () => {
  const write = (raw: string, selection: Partial<Parameters<typeof createLogWriter>[0]> = {}) =>
    createLogWriter({ timestamps: false, ...selection })
      .write(Buffer.from(raw))
      .toString();

  it('joins the parts of a long line and stamps it once', () => {
    const raw = line(1, 'abc', 'stdout', 'P') + line(2, 'def') + line(3, 'next');
    expect(write(raw)).toBe('abcdef\nnext\n');
    expect(write(raw, { timestamps: true })).toBe('2026-01-01T00:00:01.5Z abcdef\n2026-01-01T00:00:03.5Z next\n');
  });

  it('leaves out the other stream, what is too old, and what is beyond the limit', () => {
    const raw = line(1, 'old') + line(2, 'err', 'stderr') + line(3, 'new');
    expect(write(raw, { stream: 'stderr' })).toBe('err\n');
    expect(write(raw, { since: Date.parse('2026-01-01T00:00:02Z') })).toBe('err\nnew\n');
    expect(write(raw, { limitBytes: 6 })).toBe('old\ner');
  });

  it('waits for the end of a line that comes in pieces, even inside a character', () => {
    const writer = createLogWriter({ timestamps: false });
    const raw = Buffer.from(line(1, 'grün'));
    const cut = raw.indexOf(0xc3) + 1;
    expect(writer.write(raw.subarray(0, cut)).toString() + writer.write(raw.subarray(cut)).toString()).toBe('grün\n');
  });
});

describe('the log reader', () => {
  let folder = '';
  let path = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kedge-log-'));
    path = join(folder, '0.log');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const read = async (options: Partial<Parameters<typeof readLog>[1]>) => {
    let text = '';
    const signal = new AbortController().signal;
    for await (const part of readLog(path, {
      timestamps: false,
      follow: false,
      running: async () => false,
      signal,
      ...options,
    }))
      text += Buffer.from(part);
    return text;
  };

  it('gives the last lines of a file longer than one block', async () => {
    await writeFile(path, Array.from({ length: 5000 }, (_, i) => line(i % 60, `line ${i} ${'x'.repeat(40)}`)).join(''));
    const tail = await read({ tailLines: 2000 });
    expect(tail.split('\n')).toHaveLength(2001);
    expect(tail).toMatch(/^line 3000 /);
    expect(await read({ tailLines: 0 })).toBe('');
    expect((await read({ tailLines: 10_000 })).split('\n')).toHaveLength(5001);
  });

  it('follows over a rotation and ends with the container, with nothing lost', async () => {
    await writeFile(path, line(1, 'first'));
    let step = 0;
    const running = async () => {
      step++;
      if (step === 1) await appendFile(path, line(2, 'second'));
      if (step === 2) {
        await rename(path, `${path}.20260101-000000`);
        await writeFile(path, line(3, 'third'));
      }
      if (step === 4) await appendFile(path, line(4, 'last words'));
      return step < 4;
    };
    expect(await read({ follow: true, running })).toBe('first\nsecond\nthird\nlast words\n');
  });

  it('stops following when the reader goes away', async () => {
    await writeFile(path, line(1, 'first'));
    const aborter = new AbortController();
    const text = read({
      follow: true,
      signal: aborter.signal,
      running: async () => {
        queueMicrotask(() => aborter.abort());
        return true;
      },
    });
    expect(await text).toBe('first\n');
  });
});

describe('the options of a log request', () => {
  const parse = (query: string) => parseLogQuery(new URLSearchParams(query), 100_000);
  it('are read as upstream names them', () => {
    expect(parse('follow=true&timestamps=true&tailLines=5&sinceSeconds=10&limitBytes=7&stream=Stderr')).toEqual({
      follow: true,
      timestamps: true,
      tailLines: 5,
      limitBytes: 7,
      since: 90_000,
      stream: 'stderr',
    });
  });
  it.each(['tailLines=-1', 'tailLines=x', 'limitBytes=0', 'sinceSeconds=0', 'sinceTime=yesterday', 'stream=stdin'])(
    'refuses %s',
    (query) => {
      expect(() => parse(query)).toThrow(/Invalid value/);
    },
  );
});
