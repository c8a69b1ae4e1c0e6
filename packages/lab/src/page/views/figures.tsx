import { closeDump, dump, inspection, shownId, stats, tables, busy } from '../model/lab.js';
import { byteCount, count } from './bytes.js';

/** The figures of the shown table, and buttons to choose the table. */
export function Figures(): preact.JSX.Element {
  const seen = inspection.value;
  // During a long load, read only the counters: an inspection of all bytes would be slow.
  const live = busy.value && dump.value === undefined ? stats.value.active : undefined;
  const shown = live ?? seen?.stats;
  const arena = shown?.arena;
  const lost = arena === undefined ? 0 : arena.tailBytes + arena.slopBytes;
  return (
    <div class="figures">
      <ShownTable />
      <dl id="figures">
        <Figure name="memory usage" value={arena === undefined ? '–' : byteCount(arena.memoryUsage)} strong />
        <Figure name="entries" value={count(shown?.entryCount ?? 0)} />
        <Figure
          name="blocks"
          value={arena === undefined ? '–' : `${count(arena.regularCount)} + ${count(arena.dedicatedCount)}`}
        />
        <Figure
          name="waste"
          value={arena === undefined ? '–' : `${((100 * lost) / Math.max(arena.memoryUsage, 1)).toFixed(1)} %`}
        />
        <Figure name="free" value={arena === undefined ? '–' : byteCount(arena.remainingBytes)} />
        <Figure name="levels" value={String(shown?.height ?? 0)} />
        <Figure name="state" value={shown?.state ?? '–'} />
      </dl>
    </div>
  );
}

function Figure({
  name,
  value,
  strong = false,
}: {
  name: string;
  value: string;
  strong?: boolean;
}): preact.JSX.Element {
  return (
    <div class={strong ? 'strong' : undefined} data-figure={name}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function ShownTable(): preact.JSX.Element {
  if (dump.value !== undefined) {
    return (
      <p class="shown" id="shown">
        <span class="badge">dump</span> <strong>{dump.value.name}</strong>{' '}
        <button type="button" class="link" onClick={closeDump}>
          close
        </button>
      </p>
    );
  }
  const all = tables.value;
  const current = all.find(({ id }) => id === shownId.value) ?? all.at(-1)!;
  return (
    <div class="shown" id="shown" role="group" aria-label="Shown memtable">
      {all.toReversed().map(({ id, table }) => (
        <button
          key={id}
          type="button"
          class="chip"
          aria-pressed={id === current.id}
          onClick={() => (shownId.value = id === all.at(-1)!.id ? undefined : id)}
        >
          memtable {id}, {table.state}
        </button>
      ))}
    </div>
  );
}
