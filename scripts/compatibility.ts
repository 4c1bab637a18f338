/**
 * Writes the counts of a parity run into docs/compatibility.md, between its two marks.
 *
 *   node parity.mjs --kubeconfig FILE --jobs 8 --deviations test/parity-deviations.json --quiet --json RESULT
 *   node scripts/compatibility.ts RESULT
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One scenario of the runner's `--json` report. */
interface Outcome {
  area: string;
  name: string;
  ok: boolean;
  /** Why a difference is accepted. */
  reason?: string;
}

const BEGIN = '<!-- parity: written by scripts/compatibility.ts -->';
const END = '<!-- /parity -->';
const document = join(dirname(fileURLToPath(import.meta.url)), '..', 'docs', 'compatibility.md');

/** The section for these outcomes; `day` as `2026-11-21`. */
export function paritySection(outcomes: readonly Outcome[], day: string): string {
  const areas = [...new Set(outcomes.map(({ area }) => area))].sort();
  const accepted = outcomes.filter(({ reason }) => reason !== undefined);
  const failed = outcomes.filter(({ ok }) => !ok);
  const row = (name: string, of: readonly Outcome[]): string => {
    const count = (which: (outcome: Outcome) => boolean): number => of.filter(which).length;
    const cells = [
      count(({ ok, reason }) => ok && !reason),
      count(({ reason }) => Boolean(reason)),
      count(({ ok }) => !ok),
    ];
    return `| ${name} | ${cells.join(' | ')} |`;
  };
  const listed = (title: string, items: readonly string[]): string[] =>
    items.length === 0 ? [] : ['', title, '', ...items.map((item) => `- ${item}`)];
  return [
    `Run of ${day}: ${outcomes.length - failed.length} of ${outcomes.length} scenarios.`,
    '',
    '| area | equal | accepted difference | different |',
    '|---|---|---|---|',
    ...areas.map((area) =>
      row(
        area,
        outcomes.filter((outcome) => outcome.area === area),
      ),
    ),
    row('all', outcomes),
    ...listed(
      'Accepted differences:',
      accepted.map(({ area, name, reason }) => `${area}, “${name}”: ${reason}`),
    ),
    ...listed(
      'Different:',
      failed.map(({ area, name }) => `${area}, “${name}”`),
    ),
  ].join('\n');
}

/** `text` with `section` between its marks. Throws when the marks are missing. */
export function withSection(text: string, section: string): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/compatibility.md lacks ${BEGIN} … ${END}`);
  return `${text.slice(0, begin + BEGIN.length)}\n\n${section}\n\n${text.slice(end)}`;
}

if (import.meta.main) {
  const [result] = process.argv.slice(2);
  if (result === undefined) throw new Error('usage: node scripts/compatibility.ts RESULT');
  const outcomes = JSON.parse(readFileSync(result, 'utf8')) as Outcome[];
  const day = statSync(result).mtime.toISOString().slice(0, 10);
  writeFileSync(document, withSection(readFileSync(document, 'utf8'), paritySection(outcomes, day)));
}
