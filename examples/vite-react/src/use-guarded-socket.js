import { useCallback, useEffect, useRef, useState } from "react";
import { keepOpen } from "./keep-open.js";

const CLOSED = { code: "closed", status: 0, reason: "The connection was closed.", retry: "later" };

/** Ends the request that a message answers. */
function settle(requests, { id, data, error }) {
  const request = requests.get(id);
  requests.delete(id);
  if (error) request?.reject(error);
  else request?.resolve(data);
}

/**
 * A socket that stays open, and knows what a refusal is.
 *
 * @param {string} url of the server
 * @param {{ token(): Promise<string | null> }} session another one connects anew
 * @returns `status`: `{ state, code }`; `request(action, payload)`: resolves with the data, or rejects with
 * `{ code, status, reason, retry }`
 */
export function useGuardedSocket(url, session) {
  const [status, setStatus] = useState({ state: "connecting" });
  const line = useRef(null);
  const pending = useRef(new Map());

  useEffect(() => {
    const requests = pending.current;
    const rejectAll = () => {
      for (const id of requests.keys()) settle(requests, { id, error: CLOSED });
    };
    const opened = keepOpen(url, {
      token: session.token,
      onState(state, code) {
        setStatus({ state, code });
        if (state !== "open") rejectAll();
      },
      onMessage: (message) => settle(requests, message),
    });
    line.current = opened;
    return () => {
      opened.stop();
      rejectAll();
    };
  }, [url, session]);

  const request = useCallback((type, payload = {}) => {
    const id = crypto.randomUUID();
    return new Promise((resolve, reject) => {
      pending.current.set(id, { resolve, reject });
      if (!line.current.send({ ...payload, type, id })) settle(pending.current, { id, error: CLOSED });
    });
  }, []);

  return { status, request };
}
