// @ts-check
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

/**
 * The parts of npm's publish request that are read here.
 *
 * @typedef {object} Publication
 * @property {string} name
 * @property {Record<string, { dist: { tarball: string, integrity: string } }>} versions
 * @property {Record<string, { data: string }>} _attachments
 */

/**
 * A registry of npm that holds what was published to it, on this machine alone, and nothing else.
 *
 * @returns {Promise<{ url: string, published: () => string[], stop: () => void }>}
 */
export async function startRegistry() {
  /** @type {Map<string, Publication>} */
  const packages = new Map();
  /** @type {Map<string, Buffer>} */
  const tarballs = new Map();

  /** @param {import("node:http").IncomingMessage} request */
  async function publish(request) {
    const body = /** @type {Publication} */ (JSON.parse(Buffer.concat(await request.toArray()).toString()));
    for (const [file, { data }] of Object.entries(body._attachments)) {
      tarballs.set(`/-/${file}`, Buffer.from(data, "base64"));
    }
    packages.set(body.name, body);
  }

  const server = createServer(async (request, response) => {
    const path = decodeURIComponent((request.url ?? "/").slice(1));
    if (request.method === "PUT") {
      await publish(request);
      response.writeHead(201, { "content-type": "application/json" }).end("{}");
      return;
    }
    const tarball = tarballs.get(`/${path}`);
    if (tarball) {
      response.end(tarball);
      return;
    }
    const found = packages.get(path);
    if (!found) {
      response.writeHead(404, { "content-type": "application/json" }).end('{"error":"not found"}');
      return;
    }
    const { _attachments: attachments, ...manifest } = found;
    const [file = ""] = Object.keys(attachments);
    const bytes = tarballs.get(`/-/${file}`) ?? Buffer.alloc(0);
    const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
    for (const version of Object.values(manifest.versions)) {
      version.dist = { ...version.dist, tarball: `${url}/-/${file}`, integrity };
    }
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(manifest));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    published: () => [...packages.keys()].sort(),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
