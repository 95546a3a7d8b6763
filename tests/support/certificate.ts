/**
 * Creates self-signed certificates for tests.
 *
 * @module
 */

import { spawn } from "./program.ts";

/**
 * Writes a certificate for 127.0.0.1 and localhost, valid for two days, as `cert.pem` and `key.pem`.
 *
 * @param folder the folder to write to
 */
export async function makeCertificate(folder: string): Promise<void> {
  const process = spawn("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
    // Clients would reject a CA certificate as a server certificate.
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`],
  ]);
  const { code, stderr } = await process.ended();
  if (code !== 0) throw new Error(`Cannot create a certificate: ${stderr}`);
}
