/** Close codes after which a client comes back by itself. */
const COME_BACK = [1001, 1006, 1011, 1012, 1013];
/** A fault of the server may be over in a second, and the token is still good. */
const mayTryAgain = (error) => error?.retry === "later" || error?.status >= 500;

export function keepOpen(url, { token, onState, onMessage }) {
  let socket;
  let timer;
  let delay = 0.5; // seconds until the next connection
  let pause = 1; // seconds until the next renewal
  let refusal; // the reason why the last credentials were refused
  let isStopped = false;

  const isOpen = () => socket?.readyState === WebSocket.OPEN;
  const later = (task, seconds) => {
    clearTimeout(timer);
    timer = setTimeout(task, 1000 * seconds);
  };

  /** Undefined where the network fails. */
  async function credentialNow() {
    try {
      return await token();
    } catch {
      return undefined;
    }
  }

  /** Returns false where the connection is not open. */
  function send(message) {
    if (isOpen()) socket.send(JSON.stringify(message));
    return isOpen();
  }

  async function open() {
    onState("connecting");
    const credential = await credentialNow();
    if (isStopped) return;
    if (credential === undefined) return comeBack();
    if (!credential) return onState("sign-in", refusal);
    const began = Date.now();
    try {
      socket = new WebSocket(url, ["app", credential]);
    } catch (error) {
      return onState("denied", error.message); // the token is no subprotocol
    }
    socket.onopen = () => onState("open");
    socket.onmessage = ({ data }) => receive(JSON.parse(data));
    socket.onclose = ({ code, reason }) => {
      clearTimeout(timer);
      if (Date.now() - began > 10_000) {
        delay = 0.5;
        refusal = undefined;
      }
      if (code === 4401) signIn(reason);
      else if (COME_BACK.includes(code)) comeBack();
      else onState("denied", reason);
    };
  }

  function comeBack() {
    onState("waiting");
    later(open, delay * (0.5 + Math.random() / 2)); // spread, so that not all clients come at once
    delay = Math.min(2 * delay, 30);
  }

  /** Asks for a new token once. */
  function signIn(reason) {
    if (refusal !== undefined) return onState("sign-in", reason);
    refusal = reason;
    open();
  }

  async function renew() {
    const credential = await credentialNow();
    if (credential) send({ type: "auth.renew", id: "renew", token: credential });
    else if (credential === undefined && isOpen()) renewLater();
  }

  /** Waits longer after each fault, because a connection may renew five times in a minute. */
  function renewLater(seconds = pause) {
    pause *= 2;
    later(renew, seconds);
  }

  function receive(message) {
    if (message.type === "auth.expiring" || message.type === "auth.expired") {
      clearTimeout(timer);
      pause = 1;
      renew();
    } else if (message.id !== "renew") onMessage(message);
    else if (mayTryAgain(message.error)) renewLater(message.error.retryAfter);
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
