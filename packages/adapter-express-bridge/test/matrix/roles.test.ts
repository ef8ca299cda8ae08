import { rolesFamily } from "./families/roles.js";
import { testFamily } from "./matrix.js";

testFamily(rolesFamily);
