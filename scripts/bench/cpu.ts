/** CPU time of this process: what a figure costs whatever else the machine does meanwhile. */

/** Begins now; answers the seconds of CPU (all threads, user and system) since then. */
export function cpuTimer(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
}
