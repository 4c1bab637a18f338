/** Watches of custom resources end when their definition changes or goes, as upstream's do. */
import { DEFINITION_RECORDS, type DefinitionRecord } from '../../kinds/index.ts';
import type { CustomDefinition } from '../../machinery/kind.ts';
import type { WatchStream } from '../../storage/contract.ts';
import type { ResourceCall } from '../scope.ts';
import { RelayedWatch } from './relayed-watch.ts';

/** Time for the last events of the objects, in milliseconds. */
const LINGER_MS = 1_000;

/** The stream that `open` gives, closed some time after the definition of the call's kind became another. */
export async function endWithDefinition(
  { parts, kind }: ResourceCall,
  open: () => Promise<WatchStream>,
): Promise<WatchStream> {
  const { definition } = kind;
  if (!definition) return open();
  const { store, clock } = parts.options;
  let relayed: RelayedWatch | undefined;
  let cancel: () => void = () => undefined;
  const endSoon = (): void => {
    cancel();
    cancel = clock.after(LINGER_MS, () => relayed?.end('the definition changed'));
  };
  // Handlers are set in the task that a watch opens in, so this one opens first.
  const records = await store.shardOf(DEFINITION_RECORDS).watch({
    resource: DEFINITION_RECORDS,
    fields: [{ field: 'metadata.name', operator: '=', value: definition.name }],
    ...{ bookmarks: false, apiVersion: '', kind: '' },
  });
  records.onFrame = (frame) => {
    if (changes(frame, definition)) endSoon();
  };
  records.onClose = endSoon;
  const stream = await open();
  const watch = new RelayedWatch(stream, () => {
    cancel();
    records.onClose = () => undefined;
    records.close();
  });
  relayed = watch;
  stream.onFrame = (frame) => watch.pass(frame);
  stream.onClose = (why) => watch.end(why);
  return watch;
}

function changes(frame: string, { uid, generation }: CustomDefinition): boolean {
  return frame.split('\n').some((line) => {
    if (line === '') return false;
    const { type, object } = JSON.parse(line) as { type: string; object: DefinitionRecord };
    return type === 'DELETED' || object.metadata.uid !== uid || object.generation !== generation;
  });
}
