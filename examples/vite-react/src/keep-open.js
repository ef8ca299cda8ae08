/** Close codes after which a client comes back by itself. */
const COME_BACK = [1001, 1006, 1011, 1012, 1013];
/** A fault of the server may be over in a second, and the token is still good. */
const mayTryAgain = (error) => error?.retry === "later" || error?.status >= 500;

export function keepOpen(url, { token, onState, onMessage }) {
  let socket;
  let timer;
  let delay = 0.5; // seconds
  let isStopped = false;

  const isOpen = () => socket?.readyState === WebSocket.OPEN;
  const later = (task, seconds) => {
    timer = setTimeout(task, 1000 * seconds);
  };

  /** Returns false where the connection is not open. */
  function send(message) {
    if (isOpen()) socket.send(JSON.stringify(message));
    return isOpen();
  }

  async function open() {
    onState("connecting");
    const credential = await token().catch(() => undefined);
    if (isStopped) return;
    if (credential === undefined) return comeBack();
    if (credential === null) return onState("sign-in");
    const began = Date.now();
    socket = new WebSocket(url, ["app", credential]);
    socket.onopen = () => onState("open");
    socket.onmessage = ({ data }) => receive(JSON.parse(data));
    socket.onclose = ({ code, reason }) => {
      clearTimeout(timer);
      if (code === 4401) return onState("sign-in", reason);
      if (!COME_BACK.includes(code)) return onState("denied", reason);
      if (Date.now() - began > 30_000) delay = 0.5;
      comeBack();
    };
  }

  function comeBack() {
    onState("waiting");
    later(open, delay * (0.5 + Math.random() / 2)); // spread, so that not all clients come at once
    delay = Math.min(2 * delay, 30);
  }

  async function renew() {
    const credential = await token().catch(() => undefined);
    if (credential) send({ type: "auth.renew", id: "renew", token: credential });
    else if (credential === undefined && isOpen()) later(renew, 1);
  }

  function receive(message) {
    if (message.type === "auth.expiring") renew();
    else if (message.id !== "renew") onMessage(message);
    else if (mayTryAgain(message.error)) later(renew, message.error.retryAfter ?? 1);
  }

  open();
  return {
    send,
    stop() {
      isStopped = true;
      clearTimeout(timer);
      if (socket) socket.onclose = null;
      socket?.close();
    },
  };
}
