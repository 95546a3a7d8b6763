/** The version of this program; must equal the one in `deno.json`. */
export const VERSION = "0.1.0";
