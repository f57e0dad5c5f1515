import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { Shell } from "@/features/shell/shell";
import { BEFORE_PAINT } from "@/lib/preferences-script";
import { Providers } from "./providers";
import "@/styles/tailwind.css";

export const metadata: Metadata = {
  title: "SmartTrader",
  description: "Screen, research and trade Indian equities by rule.",
};

export const viewport: Viewport = { width: "device-width", initialScale: 1, viewportFit: "cover" };

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en-IN" data-theme="dark" data-density="compact" suppressHydrationWarning>
      <head>
        <script dangerouslySetInnerHTML={{ __html: BEFORE_PAINT }} />
      </head>
      <body>
        <Providers>
          <Shell>{children}</Shell>
        </Providers>
      </body>
    </html>
  );
}
