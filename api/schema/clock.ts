/** The guest's clock and timers. */
import { flag, int, object, openObject, text, word, type Value } from "./vocabulary.ts";

const present = flag("Whether the guest has this timer; true when unset.");

export const ClockSchema = openObject("The guest's real-time clock and the timers that it may use.", {
  utc: object("The clock starts at UTC.", {
    offsetSeconds: int(
      "Seconds that the clock is ahead of UTC at start. The guest's later changes are kept when unset.",
    ),
  }),
  timezone: text("The clock starts at the local time of this zone, such as Europe/Paris. Excludes utc."),
  timer: object("Which timers the guest has.", {
    hpet: object("High Precision Event Timer.", {
      present,
      tickPolicy: word("What to do with ticks that the guest missed.", ["delay", "catchup", "merge", "discard"]),
    }),
    kvm: object("KVM's paravirtual clock.", { present }),
    pit: object("Programmable Interval Timer.", {
      present,
      tickPolicy: word("What to do with ticks that the guest missed.", ["delay", "catchup", "discard"]),
    }),
    rtc: object("Real Time Clock.", {
      present,
      tickPolicy: word("What to do with ticks that the guest missed.", ["delay", "catchup"]),
      track: word("Which clock it follows: the guest's own, or the node's.", ["guest", "wall"]),
    }),
    hyperv: object("Hyper-V's reference time, for Windows guests.", { present }),
  }),
});
export type Clock = NonNullable<Value<typeof ClockSchema>>;
