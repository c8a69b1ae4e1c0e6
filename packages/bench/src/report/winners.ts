import { shortNumber } from '../data-set.js';
import { LEVELDB_MEMTABLE } from '../native/leveldb-memtable.js';
import { COLD_PUTS, type Operation } from '../operations.js';
import { origin } from './readme.js';
import { type ContenderResults, type DataSetResults, dataSetsOf, type Results } from './results.js';
import { markdown, short } from './table.js';

/** A contender of the JavaScript world, and which of ours stands beside it. */
const PEERS = [
  { peer: 'sorted-btree', ours: 'mem-store' },
  { peer: 'js-sdsl', ours: 'mem-store' },
  { peer: 'functional-red-black-tree', ours: 'mem-store' },
  { peer: 'memory-level', ours: 'memtable-level' },
] as const;

const TASKS: readonly (readonly [Operation, string])[] = [
  ['insert', 'puts, warm'],
  ['load', 'one load of all entries'],
  ['get', 'gets'],
  ['scan', 'a scan that touches key and value'],
  ['entries', 'a scan that hands them out'],
  ['range100', 'ranges of 100, touched'],
];

/** Tables of who wins where. Each cell says how many times as fast ours is; a loss is bold. */
export function winners(full: Results, leveldb: Results | undefined): string {
  const defaults = dataSetsOf(full, 'defaults');
  const [cold] = dataSetsOf(full, 'cold');
  const heads = PEERS.map(({ peer, ours }) => (ours === 'mem-store' ? peer : `${peer}, beside ${ours}`));
  const cells = (cell: (pair: (typeof PEERS)[number]) => string) => PEERS.map(cell);
  const coldPuts = Object.keys(COLD_PUTS) as (keyof typeof COLD_PUTS)[];
  const rows = [
    [
      `puts in a fresh process, the first ${Object.values(COLD_PUTS).map(shortNumber).join(', ')}`,
      ...cells(({ ours, peer }) => joined(coldPuts.map((one) => times(cold, ours, peer, one)))),
    ],
    ['the first 1,000 gets after them', ...cells(({ ours, peer }) => joined([times(cold, ours, peer, 'cold-get')]))],
    ...TASKS.map(([operation, task]) => [
      task,
      ...cells(({ ours, peer }) => joined(defaults.map((one) => times(one, ours, peer, operation)))),
    ]),
    ['its resident bytes an entry', ...cells(({ peer }) => joinedBytes(defaults, peer))],
    ['ours', ...cells(({ ours }) => joinedBytes(defaults, ours))],
  ];
  const sizes = defaults.map(({ dataSet }) => shortNumber(dataSet.entries)).join(', ');
  return [
    `**\`MemStore\`, every option at its default, string keys and values.** The numbers of a cell are for ${sizes} entries, unless the row says otherwise.`,
    markdown(['', ...heads], rows),
    '**`MemTable`, bytes in and out,** beside stores that keep references to values.',
    tableOfMemTable(full, leveldb),
    `${origin(full)}`,
  ].join('\n\n');
}

function tableOfMemTable(full: Results, leveldb: Results | undefined): string {
  const main = dataSetsOf(full, 'main');
  const [cold] = dataSetsOf(full, 'cold-bytes');
  const native = leveldb === undefined ? [] : dataSetsOf(leveldb, 'main');
  const rows = ['sorted-btree', 'js-sdsl', 'functional-red-black-tree', 'memtable-skiplist'].map((peer) => [
    peer,
    ...rowOf(main, peer),
    joined([times(cold, 'memtable-block', peer, 'cold-100k')]),
  ]);
  rows.push([`${LEVELDB_MEMTABLE.name}, from its own run`, ...rowOf(native, LEVELDB_MEMTABLE.name), '–']);
  const ours = main.map((one) => contenderIn(one, 'memtable-block')?.figures);
  const bytes = ours.map((figures) => short(figures?.residentBytesPerEntry ?? NaN)).join(', ');
  const gc = ours.map((figures) => short(figures?.fullGcMs ?? NaN)).join(', ');
  return markdown(
    [
      'beside',
      'adds',
      'one load',
      'gets',
      'scan, touched',
      'scan, handed out',
      `resident bytes an entry (ours: ${bytes})`,
      `full GC with the data live, ms (ours: ${gc})`,
      'first 100 k adds of a process',
    ],
    rows,
  );
}

function rowOf(dataSets: readonly DataSetResults[], peer: string): string[] {
  const operations = ['insert', 'load', 'get', 'scan', 'entries'] as const;
  const figures = dataSets.map((one) => contenderIn(one, peer)?.figures);
  return [
    ...operations.map((operation) => joined(dataSets.map((one) => times(one, 'memtable-block', peer, operation)))),
    figures.map((one) => (one === undefined ? '–' : short(one.residentBytesPerEntry))).join(', '),
    figures.map((one) => (one === undefined ? '–' : short(one.fullGcMs))).join(', '),
  ];
}

/** How many times as fast ours is, as the quotient of the medians. */
function times(
  dataSet: DataSetResults | undefined,
  ours: string,
  peer: string,
  operation: Operation,
): number | undefined {
  const own = contenderIn(dataSet, ours)?.speeds[operation]?.median;
  const other = contenderIn(dataSet, peer)?.speeds[operation]?.median;
  return own === undefined || other === undefined ? undefined : own / other;
}

function contenderIn(dataSet: DataSetResults | undefined, name: string): ContenderResults | undefined {
  return dataSet?.contenders.find((one) => one.name === name);
}

function joined(ratios: readonly (number | undefined)[]): string {
  if (ratios.every((ratio) => ratio === undefined)) return '–';
  const cells = ratios.map((ratio) => {
    if (ratio === undefined) return '–';
    const text = ratio.toPrecision(ratio < 10 ? 2 : 3);
    return ratio < 1 ? `**${text}**` : text;
  });
  return `${cells.join(', ')} x`;
}

function joinedBytes(dataSets: readonly DataSetResults[], name: string): string {
  return dataSets
    .map((one) => contenderIn(one, name)?.figures?.residentBytesPerEntry)
    .map((bytes) => (bytes === undefined ? '–' : short(bytes)))
    .join(', ');
}
