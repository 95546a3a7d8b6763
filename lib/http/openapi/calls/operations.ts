/**
 * The calls for operators of the server.
 *
 * @module
 */

import { TOKEN_BODY } from "../../pages/sharing.ts";
import type { CallGroup } from "../call.ts";
import { CLIENTS, HEALTH, NODES, READINESS, TOKEN } from "../response_schemas.ts";

/** The calls that operate the server. */
export const OPERATION_CALLS: CallGroup = {
  title: "Operate the server",
  about:
    "If the server has a key, these calls need it. `/healthz` is public, and `/readyz` takes any valid token.",
  calls: [
    {
      id: "getHealth",
      method: "get",
      path: "/healthz",
      access: "public",
      summary: "Check that the server is running",
      responses: { 200: HEALTH },
      example: "curl {server}/healthz",
    },
    {
      id: "getReadiness",
      method: "get",
      path: "/readyz",
      access: "any",
      summary: "Check that the server can store changes",
      description:
        "Responds with 503 and the storage error while it cannot, for example because the disk is full. Meanwhile, tasks " +
        "continue in memory, and changes over HTTP get 503. Tasks whose records are damaged do not make the server " +
        "unready: `damaged_records` is the number of such tasks found so far. A node of a cluster also responds with 503 while it " +
        "loads the tasks or can't read the database, and when it is about to end.",
      responses: { 200: READINESS, 503: READINESS },
      example: "curl {server}/readyz",
    },
    {
      id: "getMetrics",
      method: "get",
      path: "/metrics",
      access: "key",
      summary: "Get metrics for Prometheus",
      responses: { 200: "text/plain" },
      example: "curl {server}/metrics",
    },
    {
      id: "listClients",
      method: "get",
      path: "/clients",
      access: "key",
      summary: "List the clients that have tasks",
      responses: { 200: CLIENTS },
      example: "curl {server}/clients",
    },
    {
      id: "listNodes",
      method: "get",
      path: "/nodes",
      access: "key",
      summary: "List the servers that share the database",
      description:
        "The running servers that were started with `--advertise`, and how many of the 16 shards of the tasks each of them " +
        "owns. A server that was started without `--advertise` responds with an empty list.",
      responses: { 200: NODES },
      problems: [503],
      example: "curl {server}/nodes",
    },
    {
      id: "createToken",
      method: "post",
      path: "/tokens",
      access: "key",
      summary: "Create a token that allows less than the key",
      description:
        "Only on a server with a key. A `read` token reads the tasks of one client, or one task; a `write` token reports " +
        "tasks and reads nothing. Changing the server's key revokes all tokens.",
      body: TOKEN_BODY,
      responses: { 201: TOKEN },
      problems: [404],
      example:
        'curl {server}/tokens -H content-type:application/json -d \'{"may": "read", "client": "default", "expires_in": 3600}\'',
    },
  ],
};
