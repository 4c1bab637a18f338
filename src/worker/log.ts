import type { Clock } from '../base/clock.ts';
import type { LogFields, Logger } from '../server/contract.ts';

/** A logger that writes one JSON object per line to the console, where the platform collects it. */
export function createConsoleLogger(clock: Clock, base: LogFields = {}): Logger {
  const write = (level: 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) => {
    const line = JSON.stringify({ time: new Date(clock.now()).toISOString(), level, message, ...base, ...fields });
    console[level === 'info' ? 'log' : level](line);
  };
  return { info: write('info'), warn: write('warn'), error: write('error') };
}
