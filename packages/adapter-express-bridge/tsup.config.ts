import { library } from "../../tsup.base.js";

export default library(["src/index.ts", "src/koa.ts", "src/logout.ts"]);
