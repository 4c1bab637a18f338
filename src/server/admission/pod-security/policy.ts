/** Levels and versions that a namespace asks for by its labels. Upstream: pod-security-admission/api. */
import type { Pod, PodSpec } from '../../../kinds/index.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { baselineChecks } from './baseline.ts';
import { checkInput } from './check.ts';
import { restrictedChecks } from './restricted.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

export interface LevelVersion {
  level: Level;
  /** As the label has it: `latest` or `v1.N`. */
  version: string;
}

export interface Policy {
  enforce: LevelVersion;
  warn: LevelVersion;
}

const PREFIX = 'pod-security.kubernetes.io/';
const LEVELS: readonly string[] = ['privileged', 'baseline', 'restricted'];
const LATEST = 'latest';
const VERSION = /^v1\.(0|[1-9]\d*)$/;

/** The policy of a namespace with these labels. Wrong levels count as restricted, wrong versions as the latest. */
export function policyOf(labels: Readonly<Record<string, string>> = {}): Policy {
  const read = (mode: string): LevelVersion | undefined => {
    const level = labels[PREFIX + mode];
    const version = labels[`${PREFIX}${mode}-version`];
    if (level === undefined) return undefined;
    return {
      level: LEVELS.includes(level) ? (level as Level) : 'restricted',
      version: version !== undefined && VERSION.test(version) ? version : LATEST,
    };
  };
  const enforce = read('enforce') ?? { level: 'privileged', version: LATEST };
  return { enforce, warn: read('warn') ?? enforce };
}

/** What is wrong with the labels themselves. */
export function policyErrors(labels: Readonly<Record<string, string>> = {}): FieldError[] {
  const errors: FieldError[] = [];
  const wrong = (key: string, why: string): void => {
    const message = `Invalid value: ${JSON.stringify(labels[key])}: ${why}`;
    errors.push({ type: 'FieldValueInvalid', field: `metadata.labels[${key}]`, message });
  };
  for (const mode of ['enforce', 'audit', 'warn']) {
    const level = labels[PREFIX + mode];
    if (level !== undefined && !LEVELS.includes(level)) wrong(PREFIX + mode, `must be one of ${LEVELS.join(', ')}`);
    const key = `${PREFIX}${mode}-version`;
    const version = labels[key];
    if (version !== undefined && version !== LATEST && !VERSION.test(version)) wrong(key, 'must be "latest" or "v1.x"');
  }
  return errors;
}

/** How the pod violates the level, as messages show it; undefined when it does not. */
export function violationOf(
  { level, version }: LevelVersion,
  metadata: Pod['metadata'],
  spec: PodSpec,
): string | undefined {
  if (level === 'privileged') return undefined;
  const minor = version === LATEST ? Number.POSITIVE_INFINITY : Number(version.slice(3));
  const input = checkInput(metadata, spec, minor);
  const restricted = level === 'restricted' ? restrictedChecks.filter((check) => check.since <= minor) : [];
  const replaced = new Set(restricted.map((check) => check.replaces));
  const baseline = baselineChecks.filter((check) => check.since <= minor && !replaced.has(check.id));
  const violations = [...baseline, ...restricted].map((check) => check.run(input)).filter((one) => one !== undefined);
  if (violations.length === 0) return undefined;
  const shown = violations.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ');
  return `violate PodSecurity "${level}:${version}": ${shown}`;
}
