// @ts-check
import { serve } from "@portcullis/adapter-ws";
import { permissionsFor } from "@portcullis/core";
import { consumersFor } from "@portcullis/core/consumer";
import { WebSocketServer } from "ws";
import { ofSubprotocols } from "./visitor.mjs";

/** @typedef {import("@portcullis/core").Scope & { readonly page: string | undefined }} ObserverScope */

const { permission } = /** @type {typeof permissionsFor<ObserverScope>} */ (permissionsFor)();
const { defineConsumer } = /** @type {typeof consumersFor<ObserverScope>} */ (consumersFor)();

const namesItsPage = permission("namesItsPage", {
  connect: ({ scope }) => scope.page !== undefined,
  action: ({ scope }) => scope.page !== undefined,
});

/** Bytes that may be buffered for a page. */
const MOST_BYTES = 1 << 20;

/**
 * Serves the sockets on which pages watch. They have rules of their own, so a page still shows decisions of a policy
 * that refuses every client of the chat.
 *
 * @param {import("./decision-feed.mjs").DecisionFeed} feed
 * @param {import("./pages.mjs").Pages} pages
 * @param {readonly (string | null)[]} origins
 */
export function serveObservers(feed, pages, origins) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1024 });
  const consumer = defineConsumer()
    .connect(namesItsPage)
    .action("decisions.watch", namesItsPage, ({ scope, session, signal, reply }) => {
      const socket = /** @type {import("ws").WebSocket} */ (session.consumer.raw);
      const watcher = {
        page: scope.page ?? "",
        tell: (/** @type {string} */ kind, /** @type {unknown} */ data) => reply(data, { action: kind }),
        isSlow: () => socket.bufferedAmount > MOST_BYTES,
      };
      feed.watch(session.id, watcher, signal);
      pages.watch(watcher.page, signal);
      reply({});
    });
  const guard = serve(sockets, consumer, {
    origins: [...origins],
    refuse: "close",
    authenticate: (request) => {
      const { page } = ofSubprotocols(request);
      return { user: null, page: typeof page === "string" ? page : undefined };
    },
  });
  return { sockets, close: () => guard.close() };
}
