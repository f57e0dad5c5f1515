import { count } from "@/lib/format";

/** Through a list that has the newest first; nothing where all of it is on one page. */
export function Pager({
  page,
  pages,
  onPage,
}: {
  page: number;
  pages: number;
  onPage: (page: number) => void;
}) {
  if (pages <= 1 && page <= 1) return null;
  return (
    <div className="card-f row between">
      <span className="num">
        Page {count(page)} of {count(pages)}
      </span>
      <span className="row">
        <button
          type="button"
          className="btn sm"
          disabled={page <= 1}
          onClick={() => onPage(Math.min(page - 1, Math.max(1, pages)))}
        >
          Newer
        </button>
        <button type="button" className="btn sm" disabled={page >= pages} onClick={() => onPage(page + 1)}>
          Older
        </button>
      </span>
    </div>
  );
}
