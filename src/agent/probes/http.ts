import { messageOf } from '../log.ts';
import type { ProbePlugin } from './contract.ts';
import { httpRequest } from './http-request.ts';
import { resolvePort } from './port.ts';

export const httpProbe: ProbePlugin = {
  handles: (probe) => probe.httpGet !== undefined,
  async run({ probe, container, podIP, timeout }) {
    const action = probe.httpGet;
    if (action === undefined) return { outcome: 'unknown', output: 'no httpGet' };
    let port: number;
    try {
      port = resolvePort(container, action.port);
    } catch (error) {
      return { outcome: 'unknown', output: messageOf(error) };
    }
    try {
      const answer = await httpRequest({ action, port, host: podIP, timeout, userAgent: 'kube-probe/1.36' });
      if (answer.status < 200 || answer.status >= 400) {
        return { outcome: 'failure', output: `HTTP probe failed with statuscode: ${answer.status}` };
      }
      if (answer.redirectedAway)
        return { outcome: 'warning', output: `Probe terminated redirects, Response body: ${answer.body}` };
      return { outcome: 'success', output: answer.body };
    } catch (error) {
      return { outcome: 'failure', output: messageOf(error) };
    }
  },
};
