import { messageOf } from '../log.ts';
import { isRuntimeError } from '../runtime/contract.ts';
import type { ProbePlugin } from './contract.ts';

const MAX_OUTPUT = 10 * 1024;

export const execProbe: ProbePlugin = {
  handles: (probe) => probe.exec !== undefined,
  async run({ probe, containerId, runtime, timeout }) {
    const command = probe.exec?.command ?? [];
    try {
      const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, timeout);
      const output = Buffer.concat([stdout, stderr]).subarray(0, MAX_OUTPUT).toString('utf8');
      return { outcome: exitCode === 0 ? 'success' : 'failure', output };
    } catch (error) {
      if (isRuntimeError(error, 'DeadlineExceeded')) {
        return { outcome: 'failure', output: `command timed out: "${command.join(' ')}" timed out after ${timeout}s` };
      }
      return { outcome: 'unknown', output: messageOf(error) };
    }
  },
};
