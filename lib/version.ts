/** The version of this program; must equal the one in `deno.json`. */
export const VERSION = "0.2.0";
