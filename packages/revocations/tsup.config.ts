import { library } from "../../tsup.base.js";

export default library(["src/redis.ts", "src/postgres.ts"]);
