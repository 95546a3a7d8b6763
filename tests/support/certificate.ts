/**
 * Certificates that nobody else would trust.
 *
 * @module
 */

import { spawn } from "./program.ts";

/**
 * Makes `cert.pem` and `key.pem` for 127.0.0.1, good for two days.
 *
 * @param folder where
 */
export async function makeCertificate(folder: string): Promise<void> {
  const process = spawn("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
    // As an authority it would not do for a server, too.
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`],
  ]);
  const { code, stderr } = await process.ended();
  if (code !== 0) throw new Error(`Cannot make a certificate: ${stderr}`);
}
