/** A small line chart on uPlot, loaded only where a chart is shown. */
import { html, useEffect, useRef, useState } from '../core/html.js';

let library = null;
const load = () => (library ??= import('/lib/uplot.js').then((module) => module.default));

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(width, height, format) {
  return {
    width,
    height,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 4, 8, 0],
    axes: [
      { show: false },
      { stroke: style('--ink-3'), grid: { stroke: style('--line'), width: 1 }, ticks: { show: false }, size: 58, splits: (self, axis, low, high) => [low, high], values: (self, values) => values.map(format), font: '12px sans-serif' },
    ],
    scales: { x: { time: false }, y: { range: (self, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) } },
    series: [{}, { stroke: style('--accent'), width: 1.8, fill: style('--accent-soft'), points: { show: false } }],
  };
}

/** @param {{t_ms: number[], v: number[], label: string, format: (value: number) => string, height?: number}} props */
export function Chart({ t_ms, v, label, format, height = 72 }) {
  const frame = useRef(null);
  const plot = useRef(null);
  const [broken, setBroken] = useState(false);

  useEffect(() => {
    // Held here: the page may have gone on by the time that the library or a new size arrives.
    const element = frame.current;
    if (!element) return undefined;
    let gone = false;
    load().then((UPlot) => {
      if (gone) return;
      plot.current = new UPlot(options(element.clientWidth, height, format), [t_ms, v], element);
    }).catch(() => setBroken(true));
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      gone = true;
      observer.disconnect();
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData([t_ms, v]), [t_ms, v]);

  return html`<div class="chart" ref=${frame} role="img" aria-label=${label} data-broken=${broken}></div>`;
}
