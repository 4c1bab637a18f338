/** How a synchronous evaluation gets answers of an authorizer that takes its time. */
import type { CelAuthorizationAttributes, CelDecision } from './contract.ts';
import { CelFault } from './values.ts';

/** Ends an evaluation that needs an answer first; it is run again when it is there. */
export class DecisionNeeded extends Error {
  override readonly name = 'DecisionNeeded';
  readonly attributes: CelAuthorizationAttributes;
  constructor(attributes: CelAuthorizationAttributes) {
    super('an authorizer has to be asked');
    this.attributes = attributes;
  }
}

export type Decisions = ReadonlyMap<string, CelDecision>;

/** The answers of the evaluation that is running; evaluations inside it (a policy's variables) share them. */
let active: Decisions | undefined;

/** The key of a question among decisions. */
export function authorizationKey(attributes: CelAuthorizationAttributes): string {
  return JSON.stringify(attributes);
}

/** The answer to a question. Throws `DecisionNeeded` if it is not known. */
export function decide(attributes: CelAuthorizationAttributes): CelDecision {
  if (active === undefined) throw new CelFault('authorizer is not available');
  const known = active.get(authorizationKey(attributes));
  if (known === undefined) throw new DecisionNeeded(attributes);
  return known;
}

/** Runs with answers at hand: the given ones, or those of the evaluation around it. `nested`: there is one around it. */
export function withDecisions<T>(decisions: Decisions | undefined, run: (nested: boolean) => T): T {
  const outer = active;
  active = decisions ?? outer;
  try {
    return run(outer !== undefined);
  } finally {
    active = outer;
  }
}
