import type { SVGProps } from "react";

/** 24-unit glyphs, 1.6 stroke; always beside a word or inside a named control. */
const PATHS = {
  screen: (
    <>
      <path d="M4 6h16M7 12h10M10 18h4" />
    </>
  ),
  pie: (
    <>
      <path d="M12 3v9h9A9 9 0 1 1 12 3z" />
      <path d="M16 3.5A9 9 0 0 1 20.5 8H16z" />
    </>
  ),
  flask: (
    <>
      <path d="M9 3h6M10 3v6l-5.5 9.5A1.7 1.7 0 0 0 6 21h12a1.7 1.7 0 0 0 1.5-2.5L14 9V3M7.5 15h9" />
    </>
  ),
  data: (
    <>
      <ellipse cx="12" cy="5.5" rx="7.5" ry="2.8" />
      <path d="M4.5 5.5v13c0 1.5 3.4 2.8 7.5 2.8s7.5-1.3 7.5-2.8v-13M4.5 12c0 1.5 3.4 2.8 7.5 2.8s7.5-1.3 7.5-2.8" />
    </>
  ),
  gear: (
    <>
      <circle cx="12" cy="12" r="3" />
      <path d="M12 2.5v3M12 18.5v3M21.5 12h-3M5.5 12h-3M18.7 5.3l-2.1 2.1M7.4 16.6l-2.1 2.1M18.7 18.7l-2.1-2.1M7.4 7.4L5.3 5.3" />
    </>
  ),
  search: (
    <>
      <circle cx="11" cy="11" r="6.5" />
      <path d="M16 16l4.5 4.5" />
    </>
  ),
  sun: (
    <>
      <circle cx="12" cy="12" r="4" />
      <path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4" />
    </>
  ),
  x: (
    <>
      <path d="M6 6l12 12M18 6L6 18" />
    </>
  ),
  check: (
    <>
      <path d="M5 12.5l4.5 4.5L19 7.5" />
    </>
  ),
  shield: (
    <>
      <path d="M12 3l7.5 3v5.5c0 4.6-3.2 8-7.5 9.5-4.3-1.5-7.5-4.9-7.5-9.5V6z" />
      <path d="M8.5 12l2.5 2.5 4.5-5" />
    </>
  ),
  down: (
    <>
      <path d="M6 9.5l6 6 6-6" />
    </>
  ),
  right: (
    <>
      <path d="M9.5 6l6 6-6 6" />
    </>
  ),
  sortd: (
    <>
      <path d="M12 5v14M6.5 13.5L12 19l5.5-5.5" />
    </>
  ),
  plus: (
    <>
      <path d="M12 5v14M5 12h14" />
    </>
  ),
  cols: (
    <>
      <rect x="3.5" y="4.5" width="17" height="15" rx="1.5" />
      <path d="M9.2 4.5v15M14.8 4.5v15" />
    </>
  ),
  csv: (
    <>
      <path d="M12 4v11M7 10.5L12 15.5l5-5M4.5 20h15" />
    </>
  ),
  clock: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 7v5.5l3.5 2" />
    </>
  ),
  info: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 11v5.5M12 7.6v.2" />
    </>
  ),
  warn: (
    <>
      <path d="M12 4L2.8 19.5h18.4z" />
      <path d="M12 10v4.5M12 16.9v.2" />
    </>
  ),
  err: (
    <>
      <path d="M8.2 3.5h7.6l4.7 4.7v7.6l-4.7 4.7H8.2l-4.7-4.7V8.2z" />
      <path d="M12 8v5M12 15.9v.2" />
    </>
  ),
  copy: (
    <>
      <rect x="8.5" y="8.5" width="12" height="12" rx="1.5" />
      <path d="M15.5 8.5v-3a2 2 0 0 0-2-2h-8a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h3" />
    </>
  ),
  lock: (
    <>
      <rect x="5" y="10.5" width="14" height="10" rx="1.5" />
      <path d="M8 10.5V8a4 4 0 0 1 8 0v2.5" />
    </>
  ),
  folder: (
    <>
      <path d="M3.5 6.5v12h17v-10h-9l-2-2.5h-6z" />
    </>
  ),
  play: (
    <>
      <path d="M7 4.5l12 7.5-12 7.5z" />
    </>
  ),
  stop: (
    <>
      <rect x="6" y="6" width="12" height="12" rx="1" />
    </>
  ),
  grip: (
    <>
      <path d="M9 6v.1M15 6v.1M9 12v.1M15 12v.1M9 18v.1M15 18v.1" strokeWidth="2.4" />
    </>
  ),
  dl: (
    <>
      <path d="M12 4v11M7 10.5L12 15.5l5-5M4.5 20h15" />
    </>
  ),
  spark: (
    <>
      <path d="M4 17l4.5-7 4 4L20 6" />
    </>
  ),
  ext: (
    <>
      <path d="M13.5 4.5h6v6M19.5 4.5l-8.5 8.5M10 5.5H5v13.5h13.5V14" />
    </>
  ),
  half: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 3.5v17a8.5 8.5 0 0 0 0-17z" fill="currentColor" />
    </>
  ),
  ring: (
    <>
      <circle cx="12" cy="12" r="8.5" />
    </>
  ),
  disc: (
    <>
      <circle cx="12" cy="12" r="8.5" fill="currentColor" />
    </>
  ),
  no: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M6 18L18 6" />
    </>
  ),
  menu: (
    <>
      <path d="M4 7h16M4 12h16M4 17h16" />
    </>
  ),
  retry: (
    <>
      <path d="M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.2M20 4v5.2h-5.2" />
    </>
  ),
  up: (
    <>
      <path d="M12 6l6 10H6z" fill="currentColor" />
    </>
  ),
  dn: (
    <>
      <path d="M12 18L6 8h12z" fill="currentColor" />
    </>
  ),
  filter: (
    <>
      <path d="M4 5h16l-6 8v6l-4-2v-4z" />
    </>
  ),
  arrowup: (
    <>
      <path d="M12 19V5M6.5 10.5L12 5l5.5 5.5" />
    </>
  ),
  star: (
    <>
      <path d="M12 4l2.4 5.2 5.6.6-4.2 3.8 1.2 5.6-5-2.9-5 2.9 1.2-5.6L4 9.8l5.6-.6z" />
    </>
  ),
  starred: (
    <>
      <path d="M12 4l2.4 5.2 5.6.6-4.2 3.8 1.2 5.6-5-2.9-5 2.9 1.2-5.6L4 9.8l5.6-.6z" fill="currentColor" />
    </>
  ),
  bell: (
    <>
      <path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4" />
    </>
  ),
  save: (
    <>
      <path d="M6 3.5h12v17l-6-4.5-6 4.5z" />
    </>
  ),
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({
  name,
  size,
  className = "",
  ...rest
}: { name: IconName; size?: "xs" | "s" | "l" } & SVGProps<SVGSVGElement>) {
  return (
    <svg className={`ic ${size ?? ""} ${className}`} viewBox="0 0 24 24" aria-hidden="true" {...rest}>
      {PATHS[name]}
    </svg>
  );
}

export function Logo() {
  return (
    <svg viewBox="0 0 20 20" aria-hidden="true">
      <rect width="20" height="20" rx="5" fill="var(--accent-solid)" />
      <path
        d="M4.5 13.5l3.5-4 3 2.5 4.5-6"
        fill="none"
        stroke="#fff"
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
