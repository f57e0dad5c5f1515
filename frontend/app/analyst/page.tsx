import { Suspense } from "react";
import { ListPage } from "@/features/portfolios/list-page";

export default function Page() {
  return (
    <Suspense>
      <ListPage />
    </Suspense>
  );
}
