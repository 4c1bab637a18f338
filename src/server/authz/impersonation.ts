/**
 * Acting as somebody else by request headers. Constrained modes are tried before the old `impersonate` verb; the
 * mode that last worked for a user goes first. Upstream: apiserver/pkg/endpoints/filters/impersonation.
 */
import { badRequest, StatusError } from '../../machinery/status.ts';
import { domainPrefixedPath } from '../../machinery/validation/index.ts';
import {
  ALL_AUTHENTICATED,
  ALL_UNAUTHENTICATED,
  ANONYMOUS_NAME,
  MASTERS_GROUP,
  NODE_USER_PREFIX,
  NODES_GROUP,
  parseServiceAccountUserName,
  serviceAccountGroups,
} from '../authn/users.ts';
import type { Attributes, Authorizer, UserInfo } from '../contract.ts';
import { forbiddenRequest } from './forbidden.ts';
import { aggregate } from './rbac.ts';

interface WantedUser {
  name: string;
  uid: string;
  groups: string[];
  extra: Map<string, string[]>;
}

export interface Impersonator {
  /**
   * The user to act as: the one the headers ask for, or the one of `attributes` when they ask for none.
   * Throws 403 when that is not allowed, 400 when a user name is missing. `attributes` are those of the request.
   * `constrained` is told the verb of the constrained mode that allowed it.
   */
  impersonate(headers: Headers, attributes: Attributes, constrained?: (verb: string) => void): Promise<UserInfo>;
}

interface Mode {
  /** `impersonate` or `impersonate:MODE`. */
  verb: string;
  /** Checked first, for constrained modes: `impersonate-on:MODE:VERB` on the request itself. */
  on?: string;
  applies(wanted: WantedUser, requestor: UserInfo): boolean;
}

const MAX_REMEMBERED = 1_024;
const EXTRA_PREFIX = 'impersonate-extra-';
const AUTHENTICATION_GROUP = 'authentication.k8s.io';
const NODE_NAME_EXTRA = 'authentication.kubernetes.io/node-name';
/** From so many groups or extra values on, a right on `*` is tried before each single one. */
const MANY = 4;
const NODE_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const MODES: readonly Mode[] = [
  {
    verb: 'impersonate:associated-node',
    on: 'associated-node',
    applies: (wanted, requestor) => {
      const node = nodeName(wanted.name);
      const own = requestor.extra?.[NODE_NAME_EXTRA];
      return (
        onlyName(wanted) &&
        node !== undefined &&
        parseServiceAccountUserName(requestor.name) !== undefined &&
        own?.length === 1 &&
        own[0] === node
      );
    },
  },
  {
    verb: 'impersonate:arbitrary-node',
    on: 'arbitrary-node',
    applies: (wanted) => onlyName(wanted) && nodeName(wanted.name) !== undefined,
  },
  {
    verb: 'impersonate:serviceaccount',
    on: 'serviceaccount',
    applies: (wanted) => onlyName(wanted) && parseServiceAccountUserName(wanted.name) !== undefined,
  },
  {
    verb: 'impersonate:user-info',
    on: 'user-info',
    applies: (wanted) => nodeName(wanted.name) === undefined && parseServiceAccountUserName(wanted.name) === undefined,
  },
  { verb: 'impersonate', applies: () => true },
];

/** Remembers per user which mode worked last. */
export function createImpersonator(authorizer: Authorizer): Impersonator {
  const lastMode = new Map<string, Mode>();
  return {
    async impersonate(headers, attributes, constrained) {
      const wanted = wantedUser(headers);
      if (!wanted) return attributes.user;
      const key = `${attributes.user.name} ${attributes.user.uid ?? ''}`;
      const last = lastMode.get(key);
      const modes = last ? [last, ...MODES.filter((mode) => mode !== last)] : MODES;
      let firstError: StatusError | undefined;
      for (const mode of modes) {
        if (!mode.applies(wanted, attributes.user)) continue;
        try {
          const user = await check({ mode, wanted, attributes, authorizer });
          if (mode !== last) {
            if (lastMode.size >= MAX_REMEMBERED) lastMode.delete(lastMode.keys().next().value as string);
            lastMode.set(key, mode);
          }
          if (mode.on !== undefined) constrained?.(mode.verb);
          return user;
        } catch (error) {
          if (!(error instanceof StatusError)) throw error;
          firstError ??= error;
        }
      }
      throw firstError ?? new Error('no impersonation mode applies');
    },
  };
}

interface ModeCheck {
  mode: Mode;
  wanted: WantedUser;
  /** Of the request. */
  attributes: Attributes;
  authorizer: Authorizer;
}

/** The impersonated user, when the mode allows it; throws the 403 of the first check that fails. */
async function check(context: ModeCheck): Promise<UserInfo> {
  const { mode, wanted, attributes } = context;
  if (mode.on !== undefined) {
    const asNode = mode.on === 'associated-node' ? withoutExtra(attributes.user) : attributes.user;
    await demand(context, { ...attributes, user: asNode, verb: `impersonate-on:${mode.on}:${attributes.verb}` });
  }
  const groups = await checkName(context);
  if (wanted.uid !== '')
    await demand(context, asked(context, { group: AUTHENTICATION_GROUP, resource: 'uids', name: wanted.uid }));
  await checkGroups(context);
  await checkExtra(context);
  return {
    name: wanted.name,
    ...(wanted.uid === '' ? {} : { uid: wanted.uid }),
    groups: withImplicitGroup(wanted.name, groups),
    ...(wanted.extra.size > 0 ? { extra: Object.fromEntries(wanted.extra) } : {}),
  };
}

/** Checks the name; gives the groups the user will have. */
async function checkName(context: ModeCheck): Promise<string[]> {
  const { mode, wanted } = context;
  const constrained = mode.on !== undefined;
  const group = constrained ? AUTHENTICATION_GROUP : '';
  const account = parseServiceAccountUserName(wanted.name);
  const node = constrained ? nodeName(wanted.name) : undefined;
  if (node !== undefined) {
    const name = mode.on === 'associated-node' ? '*' : node;
    const target = asked(context, { group, resource: 'nodes', name });
    await demand(context, mode.on === 'associated-node' ? { ...target, user: withoutExtra(target.user) } : target);
    return [NODES_GROUP];
  }
  if (account) {
    await demand(context, {
      ...asked(context, { group, resource: 'serviceaccounts', name: account.name }),
      namespace: account.namespace,
    });
    return wanted.groups.length > 0 ? wanted.groups : serviceAccountGroups(account.namespace);
  }
  await demand(context, asked(context, { group, resource: 'users', name: wanted.name }));
  return wanted.groups;
}

async function checkGroups(context: ModeCheck): Promise<void> {
  const { mode, wanted } = context;
  if (wanted.groups.length === 0) return;
  const constrained = mode.on !== undefined;
  const target = (name: string): Attributes =>
    asked(context, { group: constrained ? AUTHENTICATION_GROUP : '', resource: 'groups', name });
  if (constrained) {
    if (wanted.groups.includes(''))
      throw forbiddenRequest(target(''), 'impersonating the empty string group is not allowed');
    if (wanted.groups.includes(MASTERS_GROUP)) {
      throw forbiddenRequest(target(MASTERS_GROUP), 'impersonating the system:masters group is not allowed');
    }
    if (wanted.groups.length >= MANY && (await isAllowed(context, target('*')))) return;
  }
  for (const group of wanted.groups) await demand(context, target(group));
}

async function checkExtra(context: ModeCheck): Promise<void> {
  const { mode, wanted } = context;
  if (wanted.extra.size === 0) return;
  const target = (key: string, value: string): Attributes => ({
    ...asked(context, { group: AUTHENTICATION_GROUP, resource: 'userextras', name: value }),
    subresource: key,
  });
  if (mode.on !== undefined) {
    for (const [key, values] of wanted.extra) {
      const fault = extraFault(key, values);
      if (fault !== undefined) throw forbiddenRequest(target('', ''), fault);
    }
    const count = [...wanted.extra.values()].reduce((sum, values) => sum + values.length, 0);
    if (count >= MANY && (await isAllowed(context, target('*', '*')))) return;
  }
  for (const [key, values] of wanted.extra) {
    for (const value of values) await demand(context, target(key, value));
  }
}

/** What the old verb lets pass. */
function extraFault(key: string, values: readonly string[]): string | undefined {
  if (key === '') return 'impersonating the empty string key in extra is not allowed';
  const wrong = domainPrefixedPath(key, 'extra.key').map(({ field, message }) => `${field}: ${message}`);
  if (wrong.length > 0) return `impersonating an invalid key in extra is not allowed: ${aggregate(wrong)}`;
  if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
  return undefined;
}

interface Target {
  group: string;
  resource: string;
  name: string;
}

function asked({ mode, attributes }: ModeCheck, { group, resource, name }: Target): Attributes {
  return {
    user: attributes.user,
    verb: mode.verb,
    isResource: true,
    group,
    version: 'v1',
    resource,
    subresource: '',
    namespace: '',
    name,
    path: '',
  };
}

async function demand({ authorizer }: ModeCheck, attributes: Attributes): Promise<void> {
  const decision = await authorizer.authorize(attributes);
  if (decision.decision !== 'allow') throw forbiddenRequest(attributes, decision.reason);
}

async function isAllowed({ authorizer }: ModeCheck, attributes: Attributes): Promise<boolean> {
  return (await authorizer.authorize(attributes)).decision === 'allow';
}

/** What a right on any associated node is asked with: nothing that differs from node to node. */
function withoutExtra(user: UserInfo): UserInfo {
  const keys = Object.keys(user.extra ?? {}).sort();
  return { ...user, extra: { 'authentication.kubernetes.io/associated-node-keys': keys } };
}

function withImplicitGroup(name: string, groups: readonly string[]): string[] {
  const implied =
    name === ANONYMOUS_NAME
      ? ALL_UNAUTHENTICATED
      : groups.includes(ALL_UNAUTHENTICATED)
        ? undefined
        : ALL_AUTHENTICATED;
  return implied === undefined || groups.includes(implied) ? [...groups] : [...groups, implied];
}

const onlyName = (wanted: WantedUser): boolean =>
  wanted.uid === '' && wanted.groups.length === 0 && wanted.extra.size === 0;

function nodeName(user: string): string | undefined {
  if (!user.startsWith(NODE_USER_PREFIX)) return undefined;
  const name = user.slice(NODE_USER_PREFIX.length);
  return name.length <= 253 && NODE_NAME.test(name) ? name : undefined;
}

/** What the headers ask for; undefined when they ask for nobody. */
function wantedUser(headers: Headers): WantedUser | undefined {
  const wanted: WantedUser = {
    name: headers.get('impersonate-user') ?? '',
    uid: headers.get('impersonate-uid') ?? '',
    groups: splitValues(headers.get('impersonate-group')),
    extra: new Map(),
  };
  for (const [header, value] of headers) {
    if (!header.startsWith(EXTRA_PREFIX)) continue;
    const key = unescapeKey(header.slice(EXTRA_PREFIX.length));
    wanted.extra.set(key, [...(wanted.extra.get(key) ?? []), ...splitValues(value)]);
  }
  if (wanted.name !== '') return wanted;
  if (onlyName(wanted)) return undefined;
  throw badRequest(`requested ${describe(wanted)} without impersonating a user name`);
}

/** A web-standard Headers object joins repeated headers with a comma and a blank. */
const splitValues = (value: string | null): string[] => (value === null ? [] : value.split(', '));

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key.toLowerCase());
  } catch {
    return key.toLowerCase();
  }
}

/** The wanted user as upstream's message prints it. */
function describe({ name, uid, groups, extra }: WantedUser): string {
  const list = (values: readonly string[]): string =>
    `[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`;
  const shownGroups = groups.length > 0 ? list(groups) : '[]string(nil)';
  const entries = [...extra].map(([key, values]) => `${JSON.stringify(key)}:${list(values)}`);
  const shownExtra = extra.size > 0 ? `map[string][]string{${entries.join(', ')}}` : 'map[string][]string(nil)';
  return `&user.DefaultInfo{Name:${JSON.stringify(name)}, UID:${JSON.stringify(uid)}, Groups:${shownGroups}, Extra:${shownExtra}}`;
}
