/** A clock that stands still until the test lets time pass. */
export function manualClock() {
  const due: { at: number; callback: () => void }[] = [];
  let now = 0;
  return {
    now: () => now,
    after(ms: number, callback: () => void) {
      const entry = { at: now + ms, callback };
      due.push(entry);
      return () => void (due.includes(entry) && due.splice(due.indexOf(entry), 1));
    },
    pass(ms: number) {
      now += ms;
      for (const entry of due.filter(({ at }) => at <= now)) {
        due.splice(due.indexOf(entry), 1);
        entry.callback();
      }
    },
  };
}
