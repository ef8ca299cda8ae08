import { inputFamily } from "./families/input.js";
import { testFamily } from "./matrix.js";

testFamily(inputFamily);
