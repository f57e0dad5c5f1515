import { TestEnvironment } from "jest-environment-jsdom";

/** jsdom with Node's own fetch family, so that the real client runs in the tests and only the network is replaced. */
export default class Environment extends TestEnvironment {
  constructor(...options) {
    super(...options);
    Object.assign(this.global, {
      fetch,
      Request,
      Response,
      Headers,
      AbortController,
      AbortSignal,
      structuredClone,
    });
  }
}
