import { Suspense } from "react";
import { LibraryPage } from "@/features/strategies/library-page";

export default function Page() {
  return (
    <Suspense>
      <LibraryPage />
    </Suspense>
  );
}
