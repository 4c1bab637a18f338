import { KEDGE_VERSION, KUBERNETES_VERSION } from '../../machinery/version.ts';
import { OUTPUT_FLAG } from '../cluster-flags.ts';
import { defineCommand } from '../command.ts';
import { wantsJson } from '../local-cluster.ts';

/** Prints the version of Kedge and of the Kubernetes release it follows. */
export const version = defineCommand({
  path: ['version'],
  summary: 'Print the version',
  flags: { ...OUTPUT_FLAG },
  async run(context) {
    const facts = { kedge: KEDGE_VERSION, kubernetes: KUBERNETES_VERSION };
    context.print(wantsJson(context) ? JSON.stringify(facts) : `kedge ${facts.kedge} (Kubernetes ${facts.kubernetes})`);
    return 0;
  },
});
