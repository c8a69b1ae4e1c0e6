import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { oursOf } from '../contenders/index.js';
import { COLD_PUTS, type Operation } from '../operations.js';
import type { DataSetResults, FigureResults } from './results.js';

const OURS_COLOR = '#c0392b';
const OTHERS_COLOR = '#7f9bb3';
const WIDTH = 220;
const STEP = 18;

/** Plots inserts, gets and scans of one data set as bars, with the spread over the rounds. */
export function speedPlot({ name, dataSet, contenders }: DataSetResults): Promise<string> {
  const panels = (['insert', 'get', 'scan'] as const).map((operation, i) => {
    const values = contenders.flatMap(({ name: contender, speeds }) => {
      const speed = speeds[operation];
      return speed === undefined
        ? []
        : [{ contender, median: speed.median / 1e6, min: speed.min / 1e6, max: speed.max / 1e6 }];
    });
    return bars(values, oursOf(dataSet), `${operation}, million entries/s`, i === 0, true);
  });
  return svg({ title: name, hconcat: panels });
}

/** Plots memory and pauses of one data set as bars. */
export function memoryPlot({ name, dataSet, contenders }: DataSetResults): Promise<string> {
  const figures: [keyof FigureResults, string][] = [
    ['heapBytesPerEntry', 'bytes/entry, heap + external'],
    ['fullGcMs', 'full GC with the data live, ms'],
    ['longestStallMs', 'longest stall while loading, ms'],
  ];
  const panels = figures.map(([figure, title], i) => {
    const values = contenders.map(({ name: contender, figures }) => ({ contender, median: figures?.[figure] ?? 0 }));
    return bars(values, oursOf(dataSet), title, i === 0, false);
  });
  return svg({ title: name, hconcat: panels });
}

/** Plots speed over the number of entries, with a line for each contender. */
export function growthPlot(dataSets: readonly DataSetResults[]): Promise<string> {
  const panels = (['insert', 'get', 'scan'] satisfies Operation[]).map((operation) => {
    const points = dataSets.flatMap(({ dataSet, contenders }) =>
      contenders.flatMap(({ name: contender, speeds }) => {
        const speed = speeds[operation];
        return speed === undefined ? [] : [{ contender, entries: dataSet.entries, value: speed.median }];
      }),
    );
    return lines(points, `${operation}, entries/s`);
  });
  return svg({ hconcat: panels });
}

/** Plots nanoseconds a put over the number of puts: of a cold process, and of warm ones beside it. */
export function coldPlot(cold: DataSetResults, warm: readonly DataSetResults[]): Promise<string> {
  const coldPoints = cold.contenders.flatMap(({ name: contender, speeds }) =>
    Object.entries(COLD_PUTS).flatMap(([operation, entries]) => {
      const speed = speeds[operation as keyof typeof COLD_PUTS];
      return speed === undefined ? [] : [{ contender, entries, value: 1e9 / speed.median }];
    }),
  );
  const warmPoints = warm.flatMap(({ dataSet, contenders }) =>
    contenders.flatMap(({ name: contender, speeds: { insert } }) =>
      insert === undefined ? [] : [{ contender, entries: dataSet.entries, value: 1e9 / insert.median }],
    ),
  );
  return svg({
    hconcat: [lines(coldPoints, 'ns a put so far, in a fresh process'), lines(warmPoints, 'ns a put, after a warm-up')],
  });
}

interface Point {
  readonly contender: string;
  readonly entries: number;
  readonly value: number;
}

function lines(values: readonly Point[], title: string) {
  return {
    width: WIDTH,
    height: 260,
    data: { values },
    mark: { type: 'line' as const, point: true },
    encoding: {
      x: {
        field: 'entries',
        type: 'quantitative' as const,
        scale: { type: 'log' as const },
        axis: { values: [...new Set(values.map(({ entries }) => entries))], format: '~s', title: 'entries' },
      },
      y: {
        field: 'value',
        type: 'quantitative' as const,
        scale: { type: 'log' as const },
        axis: { format: '~s', title },
      },
      color: { field: 'contender', type: 'nominal' as const, title: null },
    },
  };
}

interface Bar {
  contender: string;
  median: number;
  min?: number;
  max?: number;
}

function bars(values: Bar[], ours: string, title: string, names: boolean, spread: boolean) {
  const y = {
    field: 'contender',
    type: 'nominal' as const,
    sort: null,
    axis: { title: null, labels: names, ticks: names, labelLimit: 200 },
  };
  const x = { field: 'median', type: 'quantitative' as const, title };
  const bar = {
    mark: { type: 'bar' as const },
    encoding: {
      x,
      y,
      color: {
        condition: { test: `datum.contender === '${ours}'`, value: OURS_COLOR },
        value: OTHERS_COLOR,
      },
    },
  };
  const label = {
    mark: { type: 'text' as const, align: 'left' as const, dx: 3, fontSize: 9 },
    encoding: {
      x: { ...x, field: spread ? 'max' : 'median' },
      y,
      text: { field: 'median', type: 'quantitative' as const, format: '.3~r' },
    },
  };
  const rule = {
    mark: { type: 'rule' as const },
    encoding: { y, x: { field: 'min', type: 'quantitative' as const }, x2: { field: 'max' } },
  };
  return {
    width: WIDTH,
    height: { step: STEP },
    data: { values },
    layer: spread ? [bar, rule, label] : [bar, label],
  };
}

async function svg(spec: object): Promise<string> {
  const { spec: compiled } = compile({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    ...spec,
  } as TopLevelSpec);
  return new View(parse(compiled), { renderer: 'none' }).toSVG();
}
