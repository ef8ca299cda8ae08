import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** What npm sends when it publishes (the parts that are read here). */
interface Publication {
  readonly name: string;
  readonly "dist-tags": Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, { dist: { tarball: string; integrity: string } }>>;
  readonly _attachments: Readonly<Record<string, { data: string }>>;
}

/** A registry of npm that holds what was published to it, on this machine alone, and nothing else. */
export async function startRegistry(): Promise<{ url: string; published: () => string[]; stop: () => void }> {
  const packages = new Map<string, Publication>();
  const tarballs = new Map<string, Buffer>();

  async function publish(request: IncomingMessage): Promise<void> {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString()) as Publication;
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
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    published: () => [...packages.keys()].sort(),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
