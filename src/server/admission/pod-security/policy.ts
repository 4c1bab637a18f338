/** Levels and versions that a namespace asks for by its labels. Upstream: pod-security-admission/api. */
import type { Pod, PodSpec } from '../../../kinds/index.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { baselineChecks } from './baseline.ts';
import { type Check, checkInput, type Violation } from './check.ts';
import { restrictedChecks } from './restricted.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

export interface LevelVersion {
  level: Level;
  /** As the label has it: `latest` or `v1.N`. */
  version: string;
}

export interface Policy {
  enforce: LevelVersion;
  audit: LevelVersion;
  warn: LevelVersion;
}

type Mode = keyof Policy;
type Labels = Readonly<Record<string, string>>;

const PREFIX = 'pod-security.kubernetes.io/';
/** From the least strict to the strictest. */
const LEVELS: readonly string[] = ['privileged', 'baseline', 'restricted'];
const MODES: readonly Mode[] = ['enforce', 'audit', 'warn'];
const LATEST = 'latest';
const VERSION = /^v1\.(0|[1-9]\d*)$/;

/** What holds where labels say nothing: `defaults` has them without their prefix. */
export function defaultPolicy(defaults: Labels = {}): Policy {
  const of = (mode: Mode): LevelVersion => ({
    level: (defaults[mode] || 'privileged') as Level,
    version: defaults[`${mode}-version`] || LATEST,
  });
  return { enforce: of('enforce'), audit: of('audit'), warn: of('warn') };
}

/**
 * The policy of a namespace with these labels. A wrong level of what is enforced counts as restricted, of the others as
 * privileged; wrong versions count as the latest. Upstream: PolicyToEvaluate.
 */
export function policyOf(labels: Labels = {}, defaults: Policy = defaultPolicy()): Policy {
  const read = (mode: Mode): LevelVersion => {
    const level = labels[PREFIX + mode];
    const version = labels[`${PREFIX}${mode}-version`];
    const otherwise = mode === 'enforce' ? 'restricted' : 'privileged';
    return {
      level: level === undefined ? defaults[mode].level : LEVELS.includes(level) ? (level as Level) : otherwise,
      version: version === undefined ? defaults[mode].version : VERSION.test(version) ? version : LATEST,
    };
  };
  const policy = { enforce: read('enforce'), audit: read('audit'), warn: read('warn') };
  const { enforce, warn } = policy;
  const stated = LEVELS.includes(labels[`${PREFIX}enforce`] ?? '') && labels[`${PREFIX}warn`] === undefined;
  if (stated && strictness(enforce) > strictness(warn)) {
    warn.level = enforce.level;
    if (labels[`${PREFIX}warn-version`] === undefined) warn.version = enforce.version;
  }
  return policy;
}

/** Higher for stricter levels. */
export const strictness = ({ level }: LevelVersion): number => LEVELS.indexOf(level);

export const isSame = (a: LevelVersion, b: LevelVersion): boolean => a.level === b.level && a.version === b.version;

export const isFullyPrivileged = (policy: Policy): boolean => MODES.every((mode) => strictness(policy[mode]) === 0);

/** `restricted:v1.30`. */
export const show = ({ level, version }: LevelVersion): string => `${level}:${version}`;

/** The modes that the labels set to something other than privileged, as messages list them. */
export function statedModes(policy: Policy, labels: Labels = {}): string {
  const isStated = (mode: Mode): boolean =>
    labels[PREFIX + mode] !== undefined || labels[`${PREFIX}${mode}-version`] !== undefined;
  return MODES.filter((mode) => strictness(policy[mode]) > 0 && isStated(mode))
    .map((mode) => `${mode}=${show(policy[mode])}`)
    .join(', ');
}

/** Whether two policies demand the same. */
export const isEquivalent = (a: Policy, b: Policy): boolean =>
  MODES.every((mode) => strictness(a[mode]) + strictness(b[mode]) === 0 || isSame(a[mode], b[mode]));

/** Why a text is no level. */
export const levelFault = (level: string): string | undefined =>
  LEVELS.includes(level) ? undefined : `must be one of ${LEVELS.join(', ')}`;

/** Why a text is no version of the standards. */
export const versionFault = (version: string): string | undefined =>
  version === LATEST || VERSION.test(version) ? undefined : 'must be "latest" or "v1.x"';

/** What is wrong with the labels themselves. */
export function policyErrors(labels: Labels = {}): FieldError[] {
  const errors: FieldError[] = [];
  const wrong = (key: string, why: string): void => {
    const message = `Invalid value: ${JSON.stringify(labels[key])}: ${why}`;
    errors.push({ type: 'FieldValueInvalid', field: `metadata.labels[${key}]`, message });
  };
  for (const mode of MODES) {
    const level = labels[PREFIX + mode];
    const badLevel = level === undefined ? undefined : levelFault(level);
    if (badLevel !== undefined) wrong(PREFIX + mode, badLevel);
    const key = `${PREFIX}${mode}-version`;
    const version = labels[key];
    const badVersion = version === undefined ? undefined : versionFault(version);
    if (badVersion !== undefined) wrong(key, badVersion);
  }
  return errors;
}

/** What a pod does that the level forbids, in the order of the checks' ids. */
export function violationsOf({ level, version }: LevelVersion, metadata: Pod['metadata'], spec: PodSpec): Violation[] {
  if (level === 'privileged') return [];
  const minor = version === LATEST ? Number.POSITIVE_INFINITY : Number(version.slice(3));
  const input = checkInput(metadata, spec, minor);
  return checksOf(level, minor)
    .map((check) => check.run(input))
    .filter((one) => one !== undefined);
}

function checksOf(level: Level, minor: number): Check[] {
  const restricted = level === 'restricted' ? restrictedChecks.filter((check) => check.since <= minor) : [];
  const replaced = new Set(restricted.map((check) => check.replaces));
  const baseline = baselineChecks.filter((check) => check.since <= minor && !replaced.has(check.id));
  return [...baseline, ...restricted];
}

/** How the pod violates the level, as messages show it; undefined when it does not. */
export function violationOf(policy: LevelVersion, metadata: Pod['metadata'], spec: PodSpec): string | undefined {
  const violations = violationsOf(policy, metadata, spec);
  if (violations.length === 0) return undefined;
  const shown = violations.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ');
  return `violate PodSecurity "${show(policy)}": ${shown}`;
}
