// The part of ECharts that the console uses; `scripts/vendor.sh` bundles it into
// assets/vendor/echarts.js. A chart of another type needs its line here.
import { init, use } from "echarts/core";
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendPlainComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { LegacyGridContainLabel } from "echarts/features";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, LineChart, GridComponent, LegendPlainComponent, MarkLineComponent, TooltipComponent, LegacyGridContainLabel, CanvasRenderer]);
export { init };
