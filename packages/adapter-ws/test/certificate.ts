import { generateKeyPairSync, sign } from "node:crypto";

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BITS = 0x03;
const OBJECT = 0x06;
const TEXT = 0x0c;
const TIME = 0x17;
/** Object identifiers of ecdsa-with-SHA256 and commonName. */
const ALGORITHM = "2a8648ce3d040302";
const COMMON_NAME = "550403";

/** One value of ASN.1 in DER. */
function der(tag: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

const object = (hex: string) => der(OBJECT, Buffer.from(hex, "hex"));

/** Makes a self-signed certificate and its key for one run, without a stored file or an external program. */
export function selfSigned(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(SEQUENCE, object(ALGORITHM));
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, object(COMMON_NAME), der(TEXT, "127.0.0.1"))));
  const valid = der(SEQUENCE, der(TIME, "200101000000Z"), der(TIME, "491231235959Z"));
  const spki = publicKey.export({ type: "spki", format: "der" });
  const content = der(SEQUENCE, der(INTEGER, Buffer.from([1])), algorithm, name, valid, name, spki);
  const signature = der(BITS, Buffer.from([0]), sign("sha256", content, privateKey));
  const text = der(SEQUENCE, content, algorithm, signature).toString("base64");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`,
  };
}
