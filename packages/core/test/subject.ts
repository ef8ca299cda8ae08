import { AuthenticationWatch } from "../src/continuity/authentication-watch.js";

/** The parts of a connection that its authentications read, for one that is open and needs none. */
export const subjectParts = () => ({
  isEnded: false,
  principal: undefined,
  isPending: false,
  watch: () => new AuthenticationWatch(() => null, undefined),
});
