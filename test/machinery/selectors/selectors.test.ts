import { describe, expect, it } from 'vitest';
import {
  formatRequirements,
  matchesLabels,
  matchesSelector,
  parseFieldSelector,
  parseLabelSelector,
} from '../../../src/machinery/selectors/index.ts';

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('label selectors', () => {
  it.each([
    ['app=x', { app: 'x' }, true],
    ['app==x', { app: 'y' }, false],
    ['app!=x', {}, true],
    ['app in (x, y)', { app: 'y' }, true],
    ['app in (x,)', { app: '' }, true],
    ['app notin (x)', { app: 'x' }, false],
    ['app', { app: '' }, true],
    ['!app', { app: '' }, false],
    ['app=', { app: '' }, true],
    ['n>5', { n: '6' }, true],
    ['n<5', { n: 'six' }, false],
    ['in in (in)', { in: 'in' }, true],
    ['a=b,!c', { a: 'b', c: 'd' }, false],
  ])('%s over %o is %s', (text, labels, matches) => {
    expect(matchesLabels(parseLabelSelector(text), labels)).toBe(matches);
  });

  it.each([
    ['=', "found '=', expected: !, identifier, or 'end of string'"],
    ['app=x,', "found '', expected: identifier after ','"],
    ['app=x y', "found 'y', expected: ',' or 'end of string'"],
    ['app in x', "unable to parse requirement: found 'x' expected: '('"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    [
      'app>x',
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
  ])('%s is refused as upstream does', (text, message) => {
    expect(messageOf(() => parseLabelSelector(text))).toBe(message);
  });

  it('selects everything when empty and nothing when absent', () => {
    expect(matchesSelector({}, { a: 'b' })).toBe(true);
    expect(matchesSelector(undefined, { a: 'b' })).toBe(false);
  });

  it('prints requirements in the form it parses', () => {
    const text = 'a=b,c in (d,e),!f,g,h notin (i),n>3';
    expect(formatRequirements(parseLabelSelector(text))).toBe('a=b,c in (d,e),!f,g,h notin (i),n>3');
    expect(parseLabelSelector(formatRequirements(parseLabelSelector(text)))).toEqual(parseLabelSelector(text));
  });
});

describe('field selectors', () => {
  it('splits terms and undoes escapes', () => {
    expect(parseFieldSelector('a=b,c!=d\\,e,f==g\\=h,')).toEqual([
      { field: 'a', operator: '=', value: 'b' },
      { field: 'c', operator: '!=', value: 'd,e' },
      { field: 'f', operator: '=', value: 'g=h' },
    ]);
  });

  it.each([
    ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
    ['a=b\\x', 'invalid field selector: invalid escape sequence: \\x'],
  ])('%s is refused as upstream does', (text, message) => {
    expect(messageOf(() => parseFieldSelector(text))).toBe(message);
  });
});
