export const use = () => undefined;
export const init = () => ({ setOption() {}, resize() {}, dispose() {}, on() {}, group: "" });
export const LineChart = {};
export const GridComponent = {};
export const TooltipComponent = {};
export const AxisPointerComponent = {};
export const DataZoomComponent = {};
export const AriaComponent = {};
export const CanvasRenderer = {};
