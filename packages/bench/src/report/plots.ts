import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { OURS } from '../contenders/index.js';
import type { Operation } from '../operations.js';
import type { DataSetResults, FigureResults, Results } from './results.js';

const OURS_COLOR = '#c0392b';
const OTHERS_COLOR = '#7f9bb3';
const WIDTH = 220;
const STEP = 18;

/** Plots inserts, gets and scans of one data set as bars, with the spread over the rounds. */
export function speedPlot({ name, contenders }: DataSetResults): Promise<string> {
  const panels = (['insert', 'get', 'scan'] as const).map((operation, i) => {
    const values = contenders.flatMap(({ name: contender, speeds }) => {
      const speed = speeds[operation];
      return speed === undefined
        ? []
        : [{ contender, median: speed.median / 1e6, min: speed.min / 1e6, max: speed.max / 1e6 }];
    });
    return bars(values, `${operation}, million entries/s`, i === 0, true);
  });
  return svg({ title: name, hconcat: panels });
}

/** Plots memory and pauses of one data set as bars. */
export function memoryPlot({ name, contenders }: DataSetResults): Promise<string> {
  const figures: [keyof FigureResults, string][] = [
    ['heapBytesPerEntry', 'bytes/entry, heap + external'],
    ['fullGcMs', 'full GC with the data live, ms'],
    ['longestStallMs', 'longest stall while loading, ms'],
  ];
  const panels = figures.map(([figure, title], i) => {
    const values = contenders.map(({ name: contender, figures }) => ({ contender, median: figures[figure] ?? 0 }));
    return bars(values, title, i === 0, false);
  });
  return svg({ title: name, hconcat: panels });
}

/** Plots speed over the number of entries, with a line for each contender. */
export function growthPlot({ dataSets }: Results): Promise<string> {
  const panels = (['insert', 'get', 'scan'] satisfies Operation[]).map((operation) => ({
    width: WIDTH,
    height: 260,
    data: {
      values: dataSets.flatMap(({ dataSet, contenders }) =>
        contenders.flatMap(({ name: contender, speeds }) => {
          const speed = speeds[operation];
          return speed === undefined ? [] : [{ contender, entries: dataSet.entries, rate: speed.median }];
        }),
      ),
    },
    mark: { type: 'line' as const, point: true },
    encoding: {
      x: {
        field: 'entries',
        type: 'quantitative' as const,
        scale: { type: 'log' as const },
        axis: { values: dataSets.map(({ dataSet }) => dataSet.entries), format: '~s', title: 'entries' },
      },
      y: {
        field: 'rate',
        type: 'quantitative' as const,
        scale: { type: 'log' as const },
        axis: { format: '~s', title: `${operation}, entries/s` },
      },
      color: { field: 'contender', type: 'nominal' as const, title: null },
    },
  }));
  return svg({ hconcat: panels });
}

interface Bar {
  contender: string;
  median: number;
  min?: number;
  max?: number;
}

function bars(values: Bar[], title: string, names: boolean, spread: boolean) {
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
        condition: { test: `datum.contender === '${OURS}'`, value: OURS_COLOR },
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
