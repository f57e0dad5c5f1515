import type { ReactNode } from "react";

/** A setting: what it is called, what it does, and its control. */
export function Row({ title, text, children }: { title: string; text: ReactNode; children?: ReactNode }) {
  return (
    <li style={{ flexWrap: "wrap" }}>
      <span className="grow" style={{ flexBasis: 260 }}>
        {title}
        <span className="t3 xs" style={{ display: "block" }}>
          {text}
        </span>
      </span>
      {children}
    </li>
  );
}
