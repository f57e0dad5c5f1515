/** Remembers what was drawn, for tests without a canvas. */
export const drawn: { series: unknown[]; data: unknown[][] } = { series: [], data: [] };

const timeScale = () => ({
  fitContent() {},
  setVisibleLogicalRange() {},
  subscribeVisibleLogicalRangeChange() {},
  getVisibleLogicalRange: () => null,
  width: () => 800,
});

export const CandlestickSeries = "Candlestick";
export const HistogramSeries = "Histogram";
export const LineSeries = "Line";
export const CrosshairMode = { Normal: 0, Magnet: 1 };
export const LineStyle = { Solid: 0, Dotted: 1, Dashed: 2 };

export function createChart() {
  return {
    addSeries(kind: unknown) {
      drawn.series.push(kind);
      return {
        setData: (data: unknown[]) => drawn.data.push(data),
        applyOptions() {},
        priceScale: () => ({ applyOptions() {} }),
        moveToPane() {},
      };
    },
    applyOptions() {},
    timeScale,
    panes: () => [
      { setHeight() {}, setStretchFactor() {} },
      { setHeight() {}, setStretchFactor() {} },
    ],
    subscribeCrosshairMove() {},
    remove() {},
  };
}

export const createSeriesMarkers = () => ({ setMarkers() {} });
