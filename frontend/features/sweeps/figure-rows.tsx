import { FigureName, type Figure } from "@/components/figure-card";
import { Unknown } from "@/components/marks";

/** Figures one under another, each with a line on what it says; a name opens its formula. */
export function FigureRows({
  label,
  figures,
}: {
  label: string;
  figures: readonly (readonly [hint: string, figure: Figure])[];
}) {
  return (
    <div className="tw-wrap" tabIndex={0} role="group" aria-label={`${label}, scrolls sideways`}>
      <table className="t num told">
        <tbody>
          {figures.map(([hint, figure]) => (
            <tr key={figure.label}>
              <th scope="row">
                <FigureName label={figure.label} figure={() => figure} />
                <span className="t3 xs">{hint}</span>
              </th>
              <td className="r b">{figure.value ?? <Unknown why={figure.why ?? "unknown"} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
