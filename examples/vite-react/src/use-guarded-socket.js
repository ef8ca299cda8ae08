import { useCallback, useEffect, useRef, useState } from "react";

/**
 * A socket that knows what a refusal is.
 *
 * @param {string} url of the server; another one connects anew
 * @returns `status`: "connecting", "open", or why the connection was refused; `request(action, payload)`: resolves with
 * the data, or rejects with `{ code, status, reason }`
 */
export function useGuardedSocket(url) {
  const [status, setStatus] = useState("connecting");
  const socket = useRef(null);
  const pending = useRef(new Map());

  useEffect(() => {
    const requests = pending.current;
    const ws = new WebSocket(url);
    socket.current = ws;
    setStatus("connecting");
    ws.onopen = () => setStatus("open");
    ws.onmessage = ({ data }) => {
      const { request_id: id, errors, data: result, response_status: code } = JSON.parse(data);
      const request = requests.get(id);
      requests.delete(id);
      if (code < 400) request?.resolve(result);
      else request?.reject({ code: result?.code, status: code, reason: errors[0] });
    };
    // The server closes with 4401 or 4403, and the code of the refusal.
    ws.onclose = ({ reason }) => {
      setStatus(reason || "closed");
      for (const { reject } of requests.values())
        reject({ code: "closed", status: 0, reason: "The connection was closed." });
      requests.clear();
    };
    return () => {
      ws.onclose = null;
      ws.close();
    };
  }, [url]);

  const request = useCallback((action, payload = {}) => {
    const id = crypto.randomUUID();
    return new Promise((resolve, reject) => {
      pending.current.set(id, { resolve, reject });
      socket.current.send(JSON.stringify({ ...payload, action, request_id: id }));
    });
  }, []);

  return { status, request };
}
