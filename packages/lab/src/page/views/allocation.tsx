/** Shows one allocation: its name, its fields and its bytes. */
import { type MemTableInspection } from '@memtable/memtable/inspect';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { hoveredPiece, inspection, selectedAddress, selectedPiece, shownBuffer, announcement } from '../model/lab.js';
import { allocationOf, isEntryPart, kindOf, linksOf, pieceOf, rankOf, towerAddressOf } from '../model/pieces.js';
import { byteCount, count, hexByte, textOf } from './bytes.js';
import type { Pointer } from './canvas.js';
import { KIND_COLOURS } from './palette.js';

/** The key of the entry with this rank, as text. */
export function keyText({ entries }: MemTableInspection, buffer: ArrayBufferLike, rank: number, max = 40): string {
  const start = entries.keyStarts[rank];
  return textOf(new Uint8Array(buffer).subarray(start, start + entries.keyBytes[rank]), max);
}

/** Describes a piece in one line. */
export function describe(seen: MemTableInspection, buffer: ArrayBufferLike, piece: number): string {
  const { kind, address, bytes } = allocationOf(seen, piece);
  const line = `${titleOf(seen, buffer, piece)}, ${byteCount(bytes)} at ${count(address)}`;
  if (kind !== 'entry') return line;
  const rank = rankOf(seen, piece);
  const type = seen.entries.types[rank] === 1 ? 'a value' : 'a tombstone';
  return `${line}, sequence ${seen.entries.sequences[rank]}, ${type}`;
}

function titleOf(seen: MemTableInspection, buffer: ArrayBufferLike, piece: number): string {
  const kind = kindOf(seen, piece);
  const rank = rankOf(seen, piece);
  if (isEntryPart(kind)) return `Entry "${keyText(seen, buffer, rank)}"`;
  if (kind === 'tower') return rank === -1 ? 'Tower of the head' : `Tower of "${keyText(seen, buffer, rank)}"`;
  const owner = seen.pieces.owners[piece];
  const titles: Partial<Record<typeof kind, string>> = {
    superblock: 'Superblock',
    header: `Header of block ${owner + 1}`,
    'index block': 'Index block',
    spare: 'Spare index blocks',
    slop: 'Slop',
    tail: `Lost tail of block ${owner + 1}`,
    free: `Free part of block ${owner + 1}`,
    gap: 'Between two blocks',
  };
  return titles[kind]!;
}

const EXPLAINED: Partial<Record<string, string>> = {
  superblock:
    'Counters and states of memory, arena, index and table: all that `attach` needs to use these bytes again.',
  spare: 'Allocated ahead, so that index blocks are adjacent.',
  slop: 'Skipped to align the next allocation.',
  tail: 'Too small for the request that came next, so the arena started a new block. Never used again.',
  free: 'The next allocations come from here, from the left.',
  gap: 'Skipped, because a block starts at a multiple of eight.',
};

/** Shows the hovered piece beside the pointer. */
export function AllocationTip({ at }: { at: Pointer }): preact.JSX.Element | null {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const { style, offsetWidth, offsetHeight } = box.current!;
    style.left = `${Math.max(8, Math.min(at.x + 16, innerWidth - offsetWidth - 8))}px`;
    style.top = `${at.y + 20 + offsetHeight > innerHeight ? at.y - offsetHeight - 12 : at.y + 20}px`;
  });
  const seen = inspection.value;
  const piece = hoveredPiece.value;
  return (
    <div ref={box} class="tip" id="tip" aria-hidden="true">
      {seen !== undefined && piece !== undefined && <Shown seen={seen} piece={piece} bytesMax={64} />}
    </div>
  );
}

/** Shows the selected piece with its links. */
export function Details(): preact.JSX.Element {
  const seen = inspection.value;
  const piece = selectedPiece.value;
  return (
    <section class="card details" id="details" aria-labelledby="details-title">
      <h2 id="details-title">Details</h2>
      {seen === undefined || piece === undefined ? (
        <p class="hint">Select an allocation to see its bytes and fields.</p>
      ) : (
        <>
          <Shown seen={seen} piece={piece} bytesMax={256} />
          <Links seen={seen} piece={piece} />
        </>
      )}
    </section>
  );
}

function Shown({
  seen,
  piece,
  bytesMax,
}: {
  seen: MemTableInspection;
  piece: number;
  bytesMax: number;
}): preact.JSX.Element {
  const buffer = shownBuffer.value;
  const { kind, address, bytes } = allocationOf(seen, piece);
  const explained = EXPLAINED[kind];
  return (
    <>
      <h3>
        <span class={`swatch ${kind === 'entry' ? 'key' : KIND_COLOURS[kind]}`} />
        {titleOf(seen, buffer, piece)}
      </h3>
      <p class="where">
        {byteCount(bytes)} at {count(address)}
      </p>
      {explained !== undefined && <p class="hint">{explained}</p>}
      {kind === 'entry' && <EntryFields seen={seen} rank={rankOf(seen, piece)} />}
      {kind === 'header' && <HeaderFields seen={seen} block={seen.pieces.owners[piece]} />}
      {kind === 'index block' && <IndexBlockFields seen={seen} address={address} />}
      {kind !== 'free' && kind !== 'tail' && <Hex seen={seen} address={address} bytes={Math.min(bytes, bytesMax)} />}
      {kind !== 'free' && kind !== 'tail' && bytes > bytesMax && (
        <p class="hint">and {byteCount(bytes - bytesMax)} more</p>
      )}
    </>
  );
}

/** Shows bytes in hexadecimal, underlined in the colours of their kinds. */
function Hex({
  seen,
  address,
  bytes,
}: {
  seen: MemTableInspection;
  address: number;
  bytes: number;
}): preact.JSX.Element {
  const u8 = new Uint8Array(shownBuffer.value);
  const spans: preact.JSX.Element[] = [];
  for (let at = address; at < address + bytes;) {
    const piece = pieceOf(seen, at)!;
    const end = Math.min(seen.pieces.addresses[piece] + seen.pieces.bytes[piece], address + bytes);
    const kind = kindOf(seen, piece);
    const text = Array.from(u8.subarray(at, end), hexByte).join(' ');
    spans.push(
      <span key={at} class={`bytes ${KIND_COLOURS[kind]}`} title={kind}>
        {text}
      </span>,
    );
    at = end;
  }
  return <p class="hex">{spans.flatMap((span) => [span, ' '])}</p>;
}

function EntryFields({ seen, rank }: { seen: MemTableInspection; rank: number }): preact.JSX.Element {
  const { entries } = seen;
  const buffer = shownBuffer.value;
  const u8 = new Uint8Array(buffer);
  const value = u8.subarray(entries.valueStarts[rank], entries.valueStarts[rank] + entries.valueBytes[rank]);
  const deletion = entries.types[rank] === 0;
  return (
    <dl class="fields">
      <Field kind="length" name="key length" value={`${entries.keyBytes[rank]} + 8 for the tag (varint)`} />
      <Field kind="key" name="key" value={keyText(seen, buffer, rank)} />
      <Field
        kind="tag"
        name="tag"
        value={`sequence ${entries.sequences[rank]}, type ${entries.types[rank]} (${deletion ? 'deletion' : 'value'})`}
      />
      <Field kind="length" name="value length" value={`${count(value.length)} (varint)`} />
      <Field kind="value" name="value" value={deletion ? 'none: a tombstone' : textOf(value)} />
    </dl>
  );
}

function Field({ kind, name, value }: { kind: string; name: string; value: string }): preact.JSX.Element {
  return (
    <div>
      <dt>
        <span class={`swatch ${kind}`} />
        {name}
      </dt>
      <dd>{value}</dd>
    </div>
  );
}

function HeaderFields({ seen, block }: { seen: MemTableInspection; block: number }): preact.JSX.Element {
  const { kind, bytes, usedBytes, tailBytes, freeBytes, current } = seen.arena.blocks[block];
  return (
    <dl class="fields">
      <Field kind="header" name="block" value={`${kind}${current ? ', current' : ''}, ${byteCount(bytes)}`} />
      <Field kind="value" name="used" value={byteCount(usedBytes)} />
      <Field kind="waste" name="lost tail" value={byteCount(tailBytes)} />
      <Field kind="free" name="free" value={byteCount(freeBytes)} />
    </dl>
  );
}

function IndexBlockFields({ seen, address }: { seen: MemTableInspection; address: number }): preact.JSX.Element | null {
  const { index } = seen;
  if (index.kind !== 'block') return null;
  const block = index.levels.flat().find((block) => block.address === address);
  if (block === undefined) return null;
  return (
    <dl class="fields">
      <Field kind="tower" name="level" value={String(block.level)} />
      <Field kind="tower" name="slots" value={`${block.slotCount} of ${block.slotMax}`} />
      <Field kind="tower" name="prefix" value={`${byteCount(block.prefixBytes)}, shared by all its keys`} />
    </dl>
  );
}

/** Buttons that lead to the linked allocations. */
function Links({ seen, piece }: { seen: MemTableInspection; piece: number }): preact.JSX.Element | null {
  const buffer = shownBuffer.value;
  const kind = kindOf(seen, piece);
  const { index } = seen;
  const links: { label: string; address: number }[] = [];
  const rank = rankOf(seen, piece);
  if (index.kind === 'skiplist' && (kind === 'tower' || isEntryPart(kind))) {
    if (kind === 'tower' && rank !== -1) links.push({ label: 'its entry', address: index.entries[rank] });
    if (kind !== 'tower') links.push({ label: 'its tower', address: index.towerAddresses[rank] });
    linksOf(seen, rank).forEach((node, level) => {
      const address = node === 0 ? undefined : towerAddressOf(seen, node);
      if (address === undefined) return;
      const next = index.nodes.indexOf(node);
      links.push({ label: `level ${level}: ${keyText(seen, buffer, next, 24)}`, address });
    });
  } else if (index.kind === 'block') {
    if (isEntryPart(kind)) {
      const block = index.levels[0].find(({ entries }) => entries.includes(index.entries[rank]));
      if (block !== undefined) links.push({ label: 'its index block', address: block.address });
    } else if (kind === 'index block') {
      const block = index.levels.flat().find(({ address }) => address === seen.pieces.addresses[piece])!;
      if (block.previous !== 0) links.push({ label: 'previous block', address: block.previous });
      if (block.next !== 0) links.push({ label: 'next block', address: block.next });
      if (block.slotCount > 0) links.push({ label: 'first entry', address: block.entries[0] });
      if (block.children.length > 0) links.push({ label: 'first block below', address: block.children[0] });
    }
  }
  if (kind === 'header') {
    const block = seen.pieces.owners[piece];
    if (block > 0) links.push({ label: `block ${block}`, address: seen.arena.blocks[block - 1].headerAddress });
  }
  if (links.length === 0) return null;
  return (
    <nav aria-label="Links">
      <ul class="links">
        {links.map(({ label, address }) => (
          <li key={label}>
            <button type="button" class="link" onClick={() => select(address)}>
              {label}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Selects the piece at an address, and announces it. */
export function select(address: number): void {
  selectedAddress.value = address;
  const seen = inspection.value;
  const piece = selectedPiece.value;
  if (seen !== undefined && piece !== undefined) announcement.value = describe(seen, shownBuffer.value, piece);
}
