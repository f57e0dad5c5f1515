import type { SeriesMarker, Time } from "lightweight-charts";
import type { ChartColors } from "@/components/chart-colors";
import { count } from "@/lib/format";

export interface ChartMarker {
  /** Exchange date. */
  at: string;
  side: "entry" | "exit";
  /** Beside the glyph: the raw price of the fill. */
  text: string;
  /** Where on the chart's own scale it lies; without it above or below the bar. */
  price?: number;
  /** What the hover card says of it. */
  details?: string;
}

export interface Cluster {
  /** Index of the bar it stands at. */
  index: number;
  markers: ChartMarker[];
}

/** Pixels that a marker needs for itself. */
const ROOM = 15;
/** Pixels a bar from which on a marker stands at its exact price, with the price beside it. */
const ZOOMED = 5;

/** Markers by bar; those closer together than they can be told apart are one, in the order of their bars. */
export function clustered(
  markers: readonly ChartMarker[],
  indexOf: ReadonlyMap<string, number>,
  spacing: number,
): Cluster[] {
  const found: Cluster[] = [];
  const width = Math.max(1, Math.ceil(ROOM / Math.max(spacing, 0.01)));
  const placed = markers
    .flatMap((marker) => {
      const index = indexOf.get(marker.at);
      return index === undefined ? [] : [{ index, marker }];
    })
    .sort((a, b) => a.index - b.index);
  let begin = Number.NEGATIVE_INFINITY;
  for (const { index, marker } of placed) {
    const last = found.at(-1);
    if (last && (spacing >= ZOOMED ? index === last.index : index - begin < width)) {
      last.markers.push(marker);
    } else {
      found.push({ index, markers: [marker] });
      begin = index;
    }
  }
  return found;
}

/** As the library draws them: alone at its exact price, together as their number. */
export function drawnMarkers(
  clusters: readonly Cluster[],
  days: readonly string[],
  spacing: number,
  colors: ChartColors,
): SeriesMarker<Time>[] {
  return clusters.flatMap(({ index, markers }): SeriesMarker<Time>[] => {
    const time = days[index] as string;
    if (markers.length > 1 && spacing < ZOOMED) {
      return [
        { time, position: "aboveBar", shape: "circle", color: colors.accent, text: count(markers.length) },
      ];
    }
    return markers.map((marker): SeriesMarker<Time> => {
      const entry = marker.side === "entry";
      const look = {
        time,
        shape: entry ? ("arrowUp" as const) : ("arrowDown" as const),
        color: entry ? colors.gain : colors.loss,
        text: spacing < ZOOMED ? "" : marker.text,
      };
      return marker.price === undefined
        ? { ...look, position: entry ? "belowBar" : "aboveBar" }
        : { ...look, position: entry ? "atPriceBottom" : "atPriceTop", price: marker.price };
    });
  });
}

/** The cluster at a bar, or the nearest one within its own width; null where there is none. */
export function clusterAt(clusters: readonly Cluster[], index: number, spacing: number): Cluster | null {
  const reach = Math.max(0, Math.ceil(ROOM / 2 / Math.max(spacing, 0.01)));
  let best: Cluster | null = null;
  for (const cluster of clusters) {
    const apart = Math.abs(cluster.index - index);
    if (apart <= reach && (best === null || apart < Math.abs(best.index - index))) best = cluster;
  }
  return best;
}
