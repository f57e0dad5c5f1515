import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { NuqsTestingAdapter, type UrlUpdateEvent } from "nuqs/adapters/testing";
import type { ReactNode } from "react";

/** Renders a page part with its own cache and a URL of its own; `url()` gives the search after the last change. */
export function renderApp(node: ReactNode, search = "") {
  const updates: UrlUpdateEvent[] = [];
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const view = render(
    <QueryClientProvider client={client}>
      <NuqsTestingAdapter searchParams={search} onUrlUpdate={(event) => updates.push(event)} hasMemory>
        {node}
      </NuqsTestingAdapter>
    </QueryClientProvider>,
  );
  return { ...view, client, url: () => updates.at(-1)?.searchParams ?? new URLSearchParams(search) };
}
