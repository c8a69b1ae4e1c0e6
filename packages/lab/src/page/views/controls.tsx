/** The controls: writes, samples, settings and dumps. */
import { type Signal, useSignal } from '@preact/signals';
import {
  busy,
  canUndo,
  change,
  changes,
  openDump,
  perform,
  playing,
  reset,
  session,
  settings,
  source,
  speed,
  step,
  togglePlay,
  undo,
} from '../model/lab.js';
import type { Write } from '../model/operation.js';
import { SAMPLES } from '../model/samples.js';
import { CHOICES, indexOf, type Settings } from '../model/settings.js';
import { count } from './bytes.js';

export function Controls(): preact.JSX.Element {
  return (
    <aside class="controls" aria-label="Controls">
      <WriteForm />
      <Sample />
      <TableSettings />
      <OpenDump />
    </aside>
  );
}

function WriteForm(): preact.JSX.Element {
  const key = useSignal('apple');
  const value = useSignal('red');
  const bytes = useSignal('');
  const batch = useSignal<readonly Write[]>([]);
  const put = (): Write => ({
    type: 'put',
    key: key.value,
    value: value.value,
    ...(bytes.value === '' ? {} : { bytes: Math.min(Number(bytes.value), 10_000_000) }),
  });
  const add = (write: Write): void => {
    batch.value = [...batch.value, write];
  };
  return (
    <form
      class="card"
      aria-labelledby="write-title"
      onSubmit={(event) => {
        event.preventDefault();
        void perform(put());
      }}
    >
      <h2 id="write-title">Write</h2>
      <TextField label="Key" text={key} />
      <div class="pair">
        <TextField label="Value" text={value} />
        <label>
          Bytes
          <input
            class="short"
            type="number"
            min="0"
            max="10000000"
            placeholder={String(new TextEncoder().encode(value.value).length)}
            value={bytes.value}
            onInput={(event) => (bytes.value = event.currentTarget.value)}
          />
        </label>
      </div>
      <div class="buttons">
        <button type="submit" class="primary">
          Put
        </button>
        <button type="button" onClick={() => void perform({ type: 'del', key: key.value })}>
          Delete
        </button>
        <button type="button" onClick={() => void perform({ type: 'freeze' })}>
          Freeze
        </button>
      </div>
      <details>
        <summary>Batch {batch.value.length > 0 && `(${batch.value.length})`}</summary>
        <ul class="batch">
          {batch.value.map((write, i) => (
            <li key={i}>
              {write.type} {write.key}
            </li>
          ))}
        </ul>
        <div class="buttons">
          <button type="button" onClick={() => add(put())}>
            Add put
          </button>
          <button type="button" onClick={() => add({ type: 'del', key: key.value })}>
            Add delete
          </button>
          <button
            type="button"
            disabled={batch.value.length === 0}
            onClick={() => {
              void perform({ type: 'batch', writes: batch.value });
              batch.value = [];
            }}
          >
            Write batch
          </button>
        </div>
      </details>
    </form>
  );
}

function TextField({ label, text }: { label: string; text: Signal<string> }): preact.JSX.Element {
  const onInput = (event: preact.TargetedEvent<HTMLInputElement>) => (text.value = event.currentTarget.value);
  return (
    <label>
      {label}
      <input value={text.value} onInput={onInput} autocomplete="off" spellcheck={false} />
    </label>
  );
}

const COUNTS = [10, 100, 1000, 10_000, 100_000];

function Sample(): preact.JSX.Element {
  void changes.value;
  const { sample, ascending, count: entries } = source.value;
  const waiting = session.value.stats().waiting.writers > 0;
  const setSource = (changed: Partial<typeof source.value>): void => {
    source.value = { ...source.value, ...changed };
  };
  return (
    <section class="card" aria-labelledby="sample-title">
      <h2 id="sample-title">Sample</h2>
      <div class="pair">
        <Select
          label="Entries"
          values={SAMPLES}
          value={sample}
          format={(name) => SAMPLE_TEXTS[name]}
          onSelect={(sample) => setSource({ sample })}
        />
        <Select
          label="Order"
          values={['shuffled', 'ascending']}
          value={ascending ? 'ascending' : 'shuffled'}
          onSelect={(order) => setSource({ ascending: order === 'ascending' })}
        />
      </div>
      <div class="pair">
        <Select
          label="How many"
          values={COUNTS}
          value={entries}
          format={count}
          onSelect={(count) => setSource({ count })}
        />
        <button
          type="button"
          id="load"
          class="primary"
          disabled={busy.value || waiting}
          onClick={() => void perform({ type: 'load', sample, ascending, count: entries })}
        >
          {busy.value ? 'Loading…' : 'Load'}
        </button>
      </div>
      <div class="buttons four">
        <button type="button" disabled={waiting || playing.value} onClick={() => void step()}>
          Step
        </button>
        <button type="button" aria-pressed={playing.value} onClick={togglePlay}>
          {playing.value ? 'Pause' : 'Play'}
        </button>
        <button type="button" disabled={!canUndo.value} onClick={() => void undo()}>
          Undo
        </button>
        <button type="button" onClick={() => void reset()}>
          Reset
        </button>
      </div>
      <label class="range">
        Speed
        <input
          type="range"
          min="1"
          max="30"
          value={speed.value}
          aria-valuetext={`${speed.value} steps per second`}
          onInput={(event) => (speed.value = Number(event.currentTarget.value))}
        />
        <output>{speed.value}/s</output>
      </label>
    </section>
  );
}

const SAMPLE_TEXTS = { words: 'words', paths: 'paths', random: 'random, 16/100 bytes' };

function TableSettings(): preact.JSX.Element {
  const current = settings.value;
  const compact = current.layout === 'compact';
  const isSkipList = indexOf(current) === 'skiplist';
  return (
    <section class="card" aria-labelledby="table-title">
      <h2 id="table-title">Memtable</h2>
      <p class="hint">A change replays all operations with the new settings.</p>
      <div class="pair">
        <Choice label="Layout" name="layout" values={CHOICES.layout} />
        <Choice label="Index" name="index" values={CHOICES.index} disabled={!compact} shown={indexOf(current)} />
      </div>
      <div class="pair">
        <Choice label="Block size" name="blockBytes" values={CHOICES.blockBytes} format={size} />
        <Choice label="Write buffer" name="writeBufferBytes" values={CHOICES.writeBufferBytes} format={size} />
      </div>
      <div class="pair">
        <Choice label="Branching" name="branching" values={CHOICES.branching} disabled={!isSkipList} />
        <label>
          Seed
          <input
            type="number"
            min="0"
            max="4294967295"
            disabled={!isSkipList}
            value={current.seed}
            onChange={({ currentTarget: { value } }) => {
              const seed = Number(value);
              if (Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff) void change({ seed });
            }}
          />
        </label>
      </div>
    </section>
  );
}

function Choice<K extends keyof typeof CHOICES>({
  name,
  shown = settings.value[name],
  ...rest
}: {
  label: string;
  name: K;
  values: readonly Settings[K][];
  disabled?: boolean;
  shown?: Settings[K];
  format?: (value: Settings[K]) => string;
}): preact.JSX.Element {
  return <Select {...rest} value={shown} onSelect={(value) => void change({ [name]: value })} />;
}

function Select<T extends string | number>({
  label,
  values,
  value,
  disabled = false,
  format = String,
  onSelect,
}: {
  label: string;
  values: readonly T[];
  value: T;
  disabled?: boolean;
  format?: (value: T) => string;
  onSelect: (value: T) => void;
}): preact.JSX.Element {
  return (
    <label>
      {label}
      <select
        value={String(value)}
        disabled={disabled}
        onChange={({ currentTarget }) => onSelect(values[currentTarget.selectedIndex])}
      >
        {values.map((each) => (
          <option key={String(each)} value={String(each)}>
            {format(each)}
          </option>
        ))}
      </select>
    </label>
  );
}

function size(bytes: number): string {
  if (bytes >= 1 << 20) return `${bytes / (1 << 20)} MiB`;
  return bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} bytes`;
}

function OpenDump(): preact.JSX.Element {
  return (
    <section class="card" aria-labelledby="dump-title">
      <h2 id="dump-title">Dump</h2>
      <p class="hint">
        Drop a file that <code>run --dump</code> wrote anywhere on the page, or
      </p>
      <label class="file button">
        Open a dump
        <input
          type="file"
          class="visually-hidden"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file !== undefined) void openDump(file);
            event.currentTarget.value = '';
          }}
        />
      </label>
    </section>
  );
}
