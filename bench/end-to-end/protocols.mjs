// Frames of a client of each transport: WebSocket text frames, and those sent before the first message.

const TEXT = "Good morning, how are you all?";
const payload = (ownerId) => ({ ownerId, text: TEXT });
const frame = (ownerId) => JSON.stringify({ action: "edit", request_id: 1, ...payload(ownerId) });
/** An event of socket.io: 4 is a message of engine.io, 2 an event of the main namespace. */
const event = (ownerId) => `42${JSON.stringify(["edit", payload(ownerId)])}`;

export const PROTOCOLS = {
  ws: { path: "/", opening: [], allowed: frame("u1"), denied: frame("u9") },
  crossws: { path: "/", opening: [], allowed: frame("u1"), denied: frame("u9") },
  "socket.io": {
    path: "/socket.io/?EIO=4&transport=websocket",
    opening: [{ says: "40", hearing: '40{"sid"' }],
    allowed: event("u1"),
    denied: event("u9"),
  },
};
