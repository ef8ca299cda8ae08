import { otherFamily } from "./families/other.js";
import { testFamily } from "./matrix.js";

testFamily(otherFamily);
