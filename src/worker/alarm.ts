/** The one alarm of a Durable Object: setting it costs a row, so it is only written when it moves. */
export interface Alarm {
  /** Sets the alarm to `at` (milliseconds since the epoch), or clears it with null. */
  schedule(at: number | null): Promise<void>;
  /** Tells that it rang: the platform has cleared it. */
  rang(): void;
}

/** Alarms later than the wanted time by less than this are left alone. */
const SLACK_MS = 5;

export function createAlarm(storage: DurableObjectStorage): Alarm {
  let known: number | null | undefined;
  return {
    async schedule(at) {
      if (known === undefined) known = await storage.getAlarm();
      if (at === known || (at !== null && known !== null && known <= at && at - known < SLACK_MS)) return;
      known = at;
      if (at === null) await storage.deleteAlarm();
      else await storage.setAlarm(at);
    },
    rang() {
      known = null;
    },
  };
}
