/**
 * Whether the priority level of a flow schema is there, as reads tell it: it follows from the objects of the moment, so
 * nothing writes it. Upstream: util/flowcontrol/apf_controller.go presyncFlowSchemaStatus, which writes a condition.
 */
import type { FlowSchema } from '../../kinds/index.ts';
import type { ConfigCache, ReadHook } from '../contract.ts';
import { flowConfiguration } from './configuration.ts';

export function createFlowSchemaStatus(config: ConfigCache): ReadHook {
  return {
    covers: () => true,
    async overlay(objects) {
      const { levels } = flowConfiguration(await config.fresh());
      for (const schema of objects as FlowSchema[]) showStatus(schema, levels);
    },
  };
}

function showStatus(schema: FlowSchema, levels: ReadonlyMap<string, unknown>): void {
  const { name } = schema.spec.priorityLevelConfiguration;
  const found = levels.has(name);
  const reference = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(name)}`;
  const condition = {
    type: 'Dangling',
    status: found ? 'False' : 'True',
    lastTransitionTime: schema.metadata.creationTimestamp ?? null,
    reason: found ? 'Found' : 'NotFound',
    message: `${reference} ${found ? 'and it exists' : 'but there is no such object'}`,
  };
  const others = (schema.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
  schema.status = { ...schema.status, conditions: [...others, condition] };
}
