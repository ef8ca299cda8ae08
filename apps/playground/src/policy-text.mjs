// @ts-check

/** The policy a new server begins with. The page shows it, and lets everybody change it. */
export const FIRST_POLICY = `definePolicy({
  // For all actions, and to connect.
  permissions: NotBanned,
  actions: {
    ping: AllowAny,
    "chat.history": IsAuthenticated,
    "chat.watch": and(
      IsAuthenticated,
      HasRole("guest", "member", "admin"),
    ),
    "chat.send": and(
      IsAuthenticated,
      or(
        and(
          isMember,
          not(hasLink, {
            code: "no_links",
            reason: "Members may not post links.",
          }),
        ),
        HasRole("admin"),
      ),
    ),
    "user.ban": and(
      IsAuthenticated,
      HasRole("admin"),
      not(isOneself),
    ),
    "user.unban": and(
      IsAuthenticated,
      HasRole("admin"),
      not(isOneself),
    ),
  },
});`;
