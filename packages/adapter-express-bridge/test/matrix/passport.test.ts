import { passportFamily } from "./families/passport.js";
import { testFamily } from "./matrix.js";

testFamily(passportFamily);
