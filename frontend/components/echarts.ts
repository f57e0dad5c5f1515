/** As much of the statistics chart library as is drawn with, in one piece that is loaded when a chart is near. */
import { BarChart, LineChart, TreemapChart } from "echarts/charts";
import { AxisPointerComponent, GridComponent, TooltipComponent } from "echarts/components";
import { init, use as register } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

register([
  BarChart,
  LineChart,
  TreemapChart,
  GridComponent,
  TooltipComponent,
  AxisPointerComponent,
  CanvasRenderer,
]);

export { init };
