import type { NextConfig } from "next";

const development = process.env.NODE_ENV === "development";
const apiOrigin = process.env.SMARTTRADER_API ?? "http://127.0.0.1:8000";

const config: NextConfig = {
  trailingSlash: true,
  agentRules: false,
  reactStrictMode: true,
  images: { unoptimized: true },
  // These publish ES modules only; next/jest reads the list too.
  transpilePackages: [
    "@tanstack/react-table",
    "@tanstack/table-core",
    "@tanstack/react-store",
    "@tanstack/store",
    "nuqs",
  ],
  ...(development
    ? {
        rewrites: async () => ({
          beforeFiles: [],
          afterFiles: [],
          fallback: [{ source: "/api/:path*", destination: `${apiOrigin}/api/:path*` }],
        }),
      }
    : { output: "export" }),
};

export default config;
