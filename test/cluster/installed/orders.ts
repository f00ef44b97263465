/** Orders that a guest takes while what they go through has just come up. */
import { expect } from "vitest";
import { MINUTE, patience, type ChartRig } from "../chart-rig.ts";

/**
 * The guest is paused, and goes on. The API server may not reach control yet, nor control the node. Whoever answers answers by
 * what is so now: after a request whose answer was late alone, which may have been done, "already" is an answer.
 */
export async function takesOrders(rig: ChartRig, name: string): Promise<void> {
  const done = async (verb: string): Promise<void> => {
    const path = `/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachineinstances/${name}/${verb}`;
    const refusals: string[] = [];
    const asked = async (): Promise<boolean> => {
      const { complaint } = await rig.kubectl(["replace", "--raw", path, "-f", "/dev/null"]);
      const late = refusals.some((one) => /time|has not let/i.test(one));
      if (complaint === "" || (late && /is (not )?paused/.test(complaint))) return true;
      refusals.push(complaint);
      return /is (not )?paused|is not running/.test(complaint);
    };
    await expect.poll(asked, patience(MINUTE)).toBe(true);
    expect(refusals.filter((one) => /is (not )?paused|is not running/.test(one))).toEqual([]);
  };
  const paused = () => rig.value("vmi", name, '.status.conditions[?(@.type=="Paused")].status');
  await done("pause");
  expect(await paused()).toBe("True");
  await done("unpause");
  expect(await paused()).not.toBe("True");
}
