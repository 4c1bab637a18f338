import { type ApiTarget, apiRequest, UserError } from '../../emulator/index.ts';
import { CLUSTER_FLAGS, FLEET_FLAG, OUTPUT_FLAG } from '../cluster-flags.ts';
import { defineCommand } from '../command.ts';
import { fleetTarget } from '../fleet.ts';
import { runningCluster, wantsJson } from '../local-cluster.ts';
import { secondsOf } from '../parse.ts';

const POLL_MS = 1_000;

/** The fields of an audit event that the text form shows. */
interface ShownEvent {
  stage: string;
  verb: string;
  requestURI: string;
  stageTimestamp: string;
  user: { username?: string };
  impersonatedUser?: { username?: string };
  responseStatus?: { code?: number };
}

/** Shows the audit events that the cluster keeps. Exit code 1 when it does not run. */
export const audit = defineCommand({
  path: ['audit'],
  summary: 'Show the audit events of a cluster',
  flags: {
    ...CLUSTER_FLAGS,
    ...FLEET_FLAG,
    ...OUTPUT_FLAG,
    since: { type: 'string', value: 'D', description: 'Only events of the last D, such as 10m' },
    follow: { type: 'boolean', description: 'Go on with events as they come' },
  },
  async run(context) {
    const target = await fleetTarget(runningCluster(context).target, context);
    const { since } = context.flags;
    const from = since === undefined ? 0 : Date.now() - 1_000 * secondsOf('since', String(since));
    const show = wantsJson(context) ? (line: string) => line : textOf;
    let after = 0;
    for (;;) {
      const page = await readPage(target, { after, since: from });
      for (const line of page.lines) context.print(show(line));
      after = page.next;
      if (page.more) continue;
      if (!context.flags.follow) return 0;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  },
});

async function readPage(
  target: ApiTarget,
  { after, since }: { after: number; since: number },
): Promise<{ lines: string[]; next: number; more: boolean }> {
  const reply = await apiRequest(target, `/kedge/v1/audit?after=${after}&since=${since}`, { timeout: 30_000 });
  if (reply.status !== 200) throw new UserError(`the control plane answered ${reply.status}: ${reply.body}`);
  const { events, next, more } = JSON.parse(reply.body) as { events: string[]; next: number; more: boolean };
  return { lines: events, next, more };
}

function textOf(line: string): string {
  const event = JSON.parse(line) as ShownEvent;
  const user = event.user.username ?? '-';
  const who = event.impersonatedUser?.username === undefined ? user : `${user} as ${event.impersonatedUser.username}`;
  const code = event.responseStatus?.code ?? '-';
  return [event.stageTimestamp, event.stage.padEnd(16), code, who, event.verb, event.requestURI].join('  ');
}
