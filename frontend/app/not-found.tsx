import Link from "next/link";

export default function NotFound() {
  return (
    <div className="page">
      <section className="card">
        <div className="empty">
          <h1>No page has this address</h1>
          <p>Check the address, or go to the screener.</p>
          <Link className="btn p" href="/screener/">
            Open the screener
          </Link>
        </div>
      </section>
    </div>
  );
}
