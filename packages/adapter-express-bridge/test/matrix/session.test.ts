import { sessionFamily } from "./families/session.js";
import { testFamily } from "./matrix.js";

testFamily(sessionFamily);
