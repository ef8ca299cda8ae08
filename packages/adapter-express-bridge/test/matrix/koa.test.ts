import { koaFamily } from "./families/koa.js";
import { testFamily } from "./matrix.js";

testFamily(koaFamily);
