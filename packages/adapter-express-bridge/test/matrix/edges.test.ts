import { edgesFamily } from "./families/edges.js";
import { testFamily } from "./matrix.js";

testFamily(edgesFamily);
