import { parse, View } from 'vega';
import { compile } from 'vega-lite';
import type { TuneRow } from './replay.js';

/** Plots time and waste over the block size as SVG, with a line for each source. */
export function plotOf(name: string, rows: readonly TuneRow[]): Promise<string> {
  const panel = (field: 'ms' | 'wastePercent', title: string) => ({
    width: 300,
    height: 240,
    mark: { type: 'line' as const, point: true },
    encoding: {
      x: {
        field: 'blockBytes',
        type: 'quantitative' as const,
        scale: { type: 'log' as const, base: 2 },
        axis: {
          title: 'block size, bytes',
          values: [...new Set(rows.map(({ blockBytes }) => blockBytes))],
          format: '~s',
        },
      },
      y: { field, type: 'quantitative' as const, title },
      color: { field: 'source', type: 'nominal' as const, title: null, sort: null },
    },
  });
  const { spec } = compile({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    title: `allocation of ${name}`,
    data: { values: [...rows] },
    hconcat: [panel('ms', 'time, ms'), panel('wastePercent', 'waste, %')],
  });
  return new View(parse(spec), { renderer: 'none' }).toSVG();
}
