// Loaded first: the packages that the programs of this folder import are not beside them, but in the
// folder that `scripts/test` installed them in.

import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const here = new URL(".", import.meta.url).href;
const installed = pathToFileURL(`${process.env.ANNALS_TEST_NPM}/package.json`).href;

registerHooks({
  resolve(specifier, context, next) {
    const ours = context.parentURL?.startsWith(here);
    const isPackage = !/^(\.{1,2}\/|\/|node:|file:)/.test(specifier);
    return next(specifier, ours && isPackage ? { ...context, parentURL: installed } : context);
  },
});
