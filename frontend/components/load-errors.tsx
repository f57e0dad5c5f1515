import { useQuery } from "@tanstack/react-query";
import { Icon } from "@/components/icon";
import { loadErrorsQuery } from "@/lib/queries";

/** Files of the strategies folder that give no strategy, and why; nothing where all do. */
export function LoadErrors() {
  const { data: errors } = useQuery(loadErrorsQuery);
  if (!errors || errors.length === 0) return null;
  return (
    <div className="callout wn" role="status">
      <Icon name="warn" size="s" />
      <div className="stack g1">
        <b className="b">
          {errors.length === 1
            ? "A strategy of yours does not load"
            : `${errors.length} strategies of yours do not load`}
        </b>
        <ul className="stack g1">
          {errors.map((error) => (
            <li key={`${error.file} ${error.line ?? ""} ${error.message}`}>
              <code className="mono">
                {error.file}
                {error.line !== null && `, line ${error.line}`}
              </code>
              : {error.message}. <span className="t2">Expected {error.expected}</span>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
