/** What the lines of an account's chart are: the account, its fall, and the index beside it. */
export function CurveLegend({ name, beside }: { name: string; beside?: string }) {
  const lines = [
    ["accent", name],
    ["loss", "Drawdown"],
    ...(beside ? [["benchmark", beside] as const] : []),
  ] as const;
  return (
    <span className="legend no-phone">
      {lines.map(([colour, text]) => (
        <span key={colour}>
          <i className="sw" style={{ background: `var(--${colour})` }} />
          {text}
        </span>
      ))}
    </span>
  );
}
