import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { announcement, dump, goToTourStep, hash, message, openDump, theme, tourStep, view } from '../model/lab.js';
import { type View, VIEWS } from '../model/view.js';
import { Details } from './allocation.js';
import { Controls } from './controls.js';
import { Figures } from './figures.js';
import { LifecycleView } from './lifecycle.js';
import { ListView } from './list.js';
import { MemoryView } from './memory.js';
import { isDark } from './palette.js';
import { Tour } from './tour.js';

const TITLES: Record<View, string> = { memory: 'Memory', list: 'Index', lifecycle: 'Lifecycle' };

export function App(): preact.JSX.Element {
  return (
    <DropZone>
      <Header />
      <Message />
      <div class="layout">
        <main>
          <Tour />
          <Figures />
          <div class="board">
            <div class="stage">
              <Tabs />
              {view.value === 'memory' && <MemoryView />}
              {view.value === 'list' && <ListView />}
              {view.value === 'lifecycle' && <LifecycleView />}
            </div>
            {view.value !== 'lifecycle' && <Details />}
          </div>
        </main>
        <Controls />
      </div>
      <p class="visually-hidden" role="status" id="announcement">
        {announcement.value}
      </p>
    </DropZone>
  );
}

function Header(): preact.JSX.Element {
  const copied = useSignal(false);
  return (
    <header class="top">
      <h1>
        memtable <span>lab</span>
      </h1>
      <p class="lead">LevelDB's memory lifecycle, byte for byte, with a real memtable running in this page.</p>
      <div class="buttons">
        {tourStep.value === 0 && (
          <button type="button" onClick={() => void goToTourStep(1)}>
            Guided tour
          </button>
        )}
        <button
          type="button"
          onClick={() => {
            void navigator.clipboard?.writeText(location.href);
            copied.value = true;
            setTimeout(() => (copied.value = false), 1500);
          }}
        >
          {copied.value ? 'Copied' : 'Copy link'}
        </button>
        <button type="button" onClick={() => (theme.value = isDark.value ? 'light' : 'dark')}>
          {isDark.value ? 'Light' : 'Dark'}
        </button>
      </div>
    </header>
  );
}

function Message(): preact.JSX.Element | null {
  if (message.value === undefined) return null;
  return (
    <div class={`message ${message.value.kind}`} role="alert" id="message">
      <p>{message.value.text}</p>
      <button type="button" onClick={() => (message.value = undefined)}>
        Dismiss
      </button>
    </div>
  );
}

/** Tabs that follow the ARIA Authoring Practices: arrow keys move between them. */
function Tabs(): preact.JSX.Element {
  const shown = VIEWS.filter((name) => dump.value === undefined || name !== 'lifecycle');
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    const next = shown[(shown.indexOf(view.value) + by + shown.length) % shown.length];
    view.value = next;
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Views" onKeyDown={onKeyDown}>
      {shown.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-selected={view.value === name}
          tabIndex={view.value === name ? 0 : -1}
          onClick={() => (view.value = name)}
        >
          {TITLES[name]}
        </button>
      ))}
    </div>
  );
}

const ADDRESS_MS = 250;

/** Accepts a dump that is dropped anywhere on the page, and keeps the URL up to date. */
function DropZone({ children }: { children: preact.ComponentChildren }): preact.JSX.Element {
  const over = useSignal(false);
  useEffect(() => {
    // Delayed, because browsers limit how often a page may change its URL.
    const timer = setTimeout(() => history.replaceState(null, '', `#${hash.value}`), ADDRESS_MS);
    return () => clearTimeout(timer);
  }, [hash.value]);
  return (
    <div
      class={over.value ? 'page over' : 'page'}
      onDragOver={(event) => {
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={(event) => {
        if (event.relatedTarget === null) over.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        over.value = false;
        const file = event.dataTransfer?.files[0];
        if (file !== undefined) void openDump(file);
      }}
    >
      {children}
      {over.value && <div class="drop-hint">Drop a dump to look inside</div>}
    </div>
  );
}
