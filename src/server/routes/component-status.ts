/** The componentstatuses kind, which is computed. Upstream: registry/core/componentstatus. */
import type { KubeObject } from '../../machinery/meta.ts';
import { matchesLabels } from '../../machinery/selectors/index.ts';
import { notFound } from '../../machinery/status.ts';
import { negotiateOutput } from '../negotiation/accept.ts';
import { respondList } from '../respond/list.ts';
import { respondObject } from '../respond/object.ts';
import type { ResourceCall } from '../scope.ts';
import { parseCollectionOptions } from '../verbs/list-options.ts';

/** Scheduler and controllers live beside storage, so that whoever can ask gets an answer for all of them. */
const COMPONENTS = ['controller-manager', 'etcd-0', 'scheduler'];

function componentOf(name: string): KubeObject {
  return {
    kind: 'ComponentStatus',
    apiVersion: 'v1',
    metadata: { name },
    conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
  };
}

/** Answers when `call` is for component statuses. */
export async function componentStatus(call: ResourceCall): Promise<Response | undefined> {
  const { kind, scope } = call;
  if (kind.resource !== 'componentstatuses' || kind.group !== '') return undefined;
  const output = negotiateOutput(scope.request, scope.query);
  if (scope.info.verb === 'list') {
    const { labels = [], fields = [] } = parseCollectionOptions(call, false).selection;
    const selected = COMPONENTS.filter(
      (name) =>
        matchesLabels(labels, {}) &&
        fields.every(({ field, operator, value }) => {
          const own = field === 'metadata.name' ? name : '';
          return (own === value) === (operator === '=');
        }),
    );
    return respondList(call, { objects: selected.map(componentOf), metadata: {}, output });
  }
  if (!COMPONENTS.includes(call.name)) throw notFound({ group: '', kind: 'componentstatus' }, call.name);
  return respondObject(call, { object: componentOf(call.name), output, status: 200 });
}
