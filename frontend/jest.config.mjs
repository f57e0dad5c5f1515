import nextJest from "next/jest.js";

const createConfig = nextJest({ dir: "./" });

export default createConfig({
  testEnvironment: "<rootDir>/jest.environment.mjs",
  setupFilesAfterEnv: ["<rootDir>/jest.setup.ts"],
  moduleNameMapper: {
    "^@/(.*)$": "<rootDir>/$1",
    // Canvas libraries: jsdom has no canvas. What they draw is looked at in the browser tests.
    "^lightweight-charts$": "<rootDir>/__tests__/support/lightweight-charts.ts",
    "^echarts/(core|charts|components|renderers)$": "<rootDir>/__tests__/support/echarts.ts",
  },
  // A whole page with axe takes some seconds on a busy machine.
  testTimeout: 30_000,
  testMatch: ["<rootDir>/__tests__/**/*.test.ts?(x)"],
  collectCoverageFrom: ["{app,components,features,lib}/**/*.{ts,tsx}", "!lib/api-types.ts"],
});
