import { limitsFamily } from "./families/limits.js";
import { testFamily } from "./matrix.js";

testFamily(limitsFamily);
