import { jwtFamily } from "./families/jwt.js";
import { testFamily } from "./matrix.js";

testFamily(jwtFamily);
