import { describe, expect, it } from 'vitest';
import { defineCommand } from '../../src/cli/command.ts';
import { parseFlags, secondsOf } from '../../src/cli/parse.ts';

const command = defineCommand({
  path: ['sow'],
  summary: 'Sow a field',
  positional: ['FIELD'],
  flags: {
    rows: { type: 'number', description: 'Rows', default: 3 },
    output: { type: 'string', description: 'Format', default: 'text' },
    hints: { type: 'boolean', description: 'Hints', default: true },
    deep: { type: 'boolean', description: 'Deep' },
  },
  run: async () => 0,
});
const parse = (line: string) => parseFlags(command, line.split(' '));

describe('flags', () => {
  it('have their defaults, and stand anywhere', () => {
    expect(parse('north')).toEqual({
      flags: { rows: 3, output: 'text', hints: true, deep: undefined },
      arguments: ['north'],
    });
    expect(parse('--rows 7 north -o json --deep --hints=false')).toEqual({
      flags: { rows: 7, output: 'json', hints: false, deep: true },
      arguments: ['north'],
    });
    expect(parse('north -o=json --rows=0').flags).toMatchObject({ output: 'json', rows: 0 });
  });

  it.each([
    ['north --rwos 1', 'unknown flag --rwos'],
    ['north --rwos=1', 'unknown flag --rwos'],
    ['north --rows', 'flag --rows needs a value'],
    ['north --rows many', 'flag --rows takes a whole number, not "many"'],
    ['north --rows -1', 'flag --rows takes a whole number, not "-1"'],
    ['north --deep=maybe', 'flag --deep takes true or false, not "maybe"'],
    ['north south', 'unexpected argument "south"'],
    ['--deep', 'missing argument FIELD'],
  ])('"%s" is refused by name', (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });
});

describe('durations', () => {
  it.each([
    ['90s', 90],
    ['1h30m', 5400],
    ['1.5m', 90],
    ['250ms', 0.25],
  ])('%s', (text, seconds) => {
    expect(secondsOf('ttl', text)).toBe(seconds);
  });

  it.each(['', '5', '5x', '5m!', 'm', '-5m'])('"%s" is refused', (text) => {
    expect(() => secondsOf('ttl', text)).toThrow('flag --ttl takes a duration');
  });
});
