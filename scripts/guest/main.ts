/** `bash scripts/guest/build`: makes the demo guest if it is not there, and prints where it is. */
import { demoGuest } from "./guest.ts";

const start = Date.now();
const guest = await demoGuest({
  say: (line) => console.error(`[${((Date.now() - start) / 1000).toFixed(1).padStart(5)} s] ${line}`),
});
console.log(guest.directory);
