/**
 * OpenID Connect Back-Channel Logout for sockets. Needs the package `jose`.
 *
 * @module @portcullis/adapter-express-bridge/logout
 */

export {
  type BackChannelLogoutOptions,
  backChannelLogout,
  type LogoutHandler,
} from "./logout/back-channel-logout.js";
export type { LoggedOut } from "./logout/logout-token.js";
