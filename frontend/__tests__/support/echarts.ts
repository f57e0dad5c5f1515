export const use = () => undefined;
/** Remembers what was drawn, for tests without a canvas. */
export const options: Record<string, unknown>[] = [];
export const init = () => ({
  setOption: (option: Record<string, unknown>) => void options.push(option),
  resize() {},
  dispose() {},
  on() {},
  getDataURL: () => "data:image/png;base64,",
  group: "",
});
export const BarChart = {};
export const LineChart = {};
export const TreemapChart = {};
export const GridComponent = {};
export const TooltipComponent = {};
export const AxisPointerComponent = {};
export const DataZoomComponent = {};
export const AriaComponent = {};
export const CanvasRenderer = {};
