/** What all kinds with a pod template do with it. */
import type { Strategy } from '../../../machinery/kind.ts';
import type { KubeObject } from '../../../machinery/meta.ts';
import { dns1123Label } from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type { PodTemplateSpec } from '../../generated/types/core-v1.ts';
import { dropDisabledFields } from './pod/prepare.ts';
import { templateWarnings } from './pod-spec/warnings.ts';

export interface TemplateRules<T extends KubeObject> {
  template(object: T): PodTemplateSpec | undefined;
  /** Of the template: `spec.template`. */
  path: string;
  /** The name of the object becomes part of the names of pods, so that it should fit a host name. */
  namesPods?: boolean;
  /** Which template an update warns of: the new one where the object has a new generation, unless said otherwise. */
  warnsOnUpdate?: 'new template' | 'old template';
  own: Strategy<T>;
}

/** The strategy of a kind plus what its template asks for: fields of features that are off go, and warnings come. */
export function templateStrategy<T extends KubeObject>(rules: TemplateRules<T>): Strategy<T> {
  const { own, path } = rules;
  const drop = (object: T, old?: T): void => {
    const spec = rules.template(object)?.spec;
    if (spec) dropDisabledFields(spec, old && rules.template(old)?.spec);
  };
  return {
    ...own,
    prepareForCreate(object, context) {
      drop(object);
      own.prepareForCreate?.(object, context);
    },
    prepareForUpdate(object, old, context) {
      drop(object, old);
      own.prepareForUpdate?.(object, old, context);
    },
    warningsOnCreate: (object, context) => [
      ...(rules.namesPods ? nameWarnings(object.metadata.name) : []),
      ...templateWarnings(rules.template(object), path),
      ...(own.warningsOnCreate?.(object, context) ?? []),
    ],
    warningsOnUpdate: (object, old, context) => [
      ...(isChanged(object, old, rules)
        ? templateWarnings(rules.template(rules.warnsOnUpdate === 'old template' ? old : object), path)
        : []),
      ...(own.warningsOnUpdate?.(object, old, context) ?? []),
    ],
  };
}

const isChanged = <T extends KubeObject>(object: T, old: T, { template, warnsOnUpdate }: TemplateRules<T>): boolean =>
  warnsOnUpdate === 'new template'
    ? !equalJson(template(object), template(old))
    : object.metadata.generation !== old.metadata.generation;

function nameWarnings(name: string | undefined): string[] {
  const texts = name === undefined ? [] : dns1123Label(name);
  return texts.length === 0
    ? []
    : [
        `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${texts.join(' ')}]`,
      ];
}
