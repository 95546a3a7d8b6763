/**
 * Creates certificates for tests: self-signed ones, and those of an authority.
 *
 * @module
 */

import { spawn } from "./program.ts";

/** The arguments of openssl that make a private key. */
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/**
 * Writes a certificate for 127.0.0.1 and localhost, valid for two days, as `cert.pem` and `key.pem`.
 *
 * @param folder the folder to write to
 */
export async function makeCertificate(folder: string): Promise<void> {
  await openssl([
    ...["req", "-x509", ...NEW_KEY, "-days", "2"],
    ...["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
    // Clients would reject a CA certificate as a server certificate.
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`],
  ]);
}

/** An authority that issues certificates, in a folder of its own; disposal removes it. */
export class Authority implements AsyncDisposable {
  readonly #folder: string;
  #count = 0;
  /** The certificate of the authority, as PEM. */
  readonly pem: string;

  private constructor(folder: string, pem: string) {
    this.#folder = folder;
    this.pem = pem;
  }

  /** Creates an authority. */
  static async create(): Promise<Authority> {
    const folder = await Deno.makeTempDir({ prefix: "taskscope-authority-" });
    await openssl([
      ...["req", "-x509", ...NEW_KEY, "-days", "2", "-subj", "/CN=Authority"],
      ...["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"],
      ...["-keyout", `${folder}/ca.key`, "-out", `${folder}/ca.pem`],
    ]);
    return new Authority(folder, await Deno.readTextFile(`${folder}/ca.pem`));
  }

  /**
   * Issues a certificate.
   *
   * @param names the names in it, such as `IP:127.0.0.1`
   * @param days how long it is valid; negative if it has expired
   * @returns the certificate and its private key, as PEM
   */
  async issue(names: string, days = 2): Promise<{ readonly cert: string; readonly key: string }> {
    const path = `${this.#folder}/${this.#count++}`;
    await openssl(["req", ...NEW_KEY, "-subj", "/CN=node", "-keyout", `${path}.key`, "-out", `${path}.csr`]);
    await Deno.writeTextFile(`${path}.ext`, `subjectAltName=${names}\nbasicConstraints=critical,CA:FALSE\n`);
    await openssl([
      ...["x509", "-req", "-in", `${path}.csr`, "-days", `${days}`, "-extfile", `${path}.ext`],
      ...["-CA", `${this.#folder}/ca.pem`, "-CAkey", `${this.#folder}/ca.key`, "-CAcreateserial"],
      ...["-out", `${path}.pem`],
    ]);
    return { cert: await Deno.readTextFile(`${path}.pem`), key: await Deno.readTextFile(`${path}.key`) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function openssl(args: readonly string[]): Promise<void> {
  const { code, stderr } = await spawn("openssl", [...args]).ended();
  if (code !== 0) throw new Error(`Cannot create a certificate: ${stderr}`);
}
