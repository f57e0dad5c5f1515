import { told } from "@/lib/told";

/** What a result rests on, in sentences; `beside` a chart it is as high as that. */
export function Assumptions({ said, beside = false }: { said: readonly string[]; beside?: boolean }) {
  return (
    <section className="card">
      <div className="card-h">
        <h2>Assumptions, in words</h2>
      </div>
      <ul
        className={`ass ${beside ? "beside" : ""}`}
        tabIndex={beside ? 0 : undefined}
        aria-label="Assumptions"
      >
        {said.map((sentence) => (
          <li key={sentence}>{told(sentence)}</li>
        ))}
      </ul>
    </section>
  );
}
