import { IncomingMessage } from "node:http";
import type { Derived } from "./derive-request.js";
import type { NullSocket } from "./null-socket.js";

/** Makes a request of Node that has arrived completely. */
export function makeRequest({ method, url, headers, bytes }: Derived, socket: NullSocket): IncomingMessage {
  const request = new IncomingMessage(socket as never);
  request.method = method;
  request.url = url;
  request.httpVersion = "1.1";
  request.httpVersionMajor = request.httpVersionMinor = 1;
  request.headers = headers;
  for (const name in headers) {
    for (const value of [headers[name] as string | string[]].flat()) request.rawHeaders.push(name, value);
  }
  // Body parsers skip a request that is an upgrade or incomplete.
  Object.assign(request, { upgrade: false });
  request.complete = true;
  request.push(bytes);
  request.push(null);
  return request;
}
