import coreWebVitals from "eslint-config-next/core-web-vitals";
import typescript from "eslint-config-next/typescript";
import { readdirSync } from "node:fs";

const features = readdirSync(new URL("./features", import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** A feature may use components/ and lib/, never another feature; those two never use a feature. */
const boundaries = [
  ...features.map((feature) => ({
    files: [`features/${feature}/**/*.{ts,tsx}`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              group: features.filter((other) => other !== feature).map((other) => `@/features/${other}/**`),
              message: "Features never import one another: move what is shared to components/ or lib/.",
            },
            {
              group: ["../../*", "@/app/**"],
              message: "Import by @/components or @/lib; nothing imports a route.",
            },
          ],
        },
      ],
    },
  })),
  {
    files: ["components/**/*.{ts,tsx}", "lib/**/*.{ts,tsx}"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: ["@/features/**", "@/app/**"], message: "Shared code knows no feature and no route." },
          ],
        },
      ],
    },
  },
];

const config = [
  { ignores: [".next/**", "out/**", "coverage/**", "next-env.d.ts", "lib/api-types.ts"] },
  ...coreWebVitals,
  ...typescript,
  ...boundaries,
];

export default config;
