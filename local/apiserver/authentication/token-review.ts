/** TokenReview: a service that was given a token asks whose it is. */
import { stringAt, stringsAt } from "../json-value.ts";
import type { Asked } from "../reviews.ts";
import { badRequest } from "../status.ts";
import { userInfoBody } from "./user.ts";

/** @throws StatusError 400 without a token */
export async function tokenReview({ spec, authentication }: Asked): Promise<object> {
  const token = stringAt(spec, "token") ?? "";
  if (token === "") throw badRequest("spec.token is required: a review is about a token");
  const wished = stringsAt(spec, "audiences");
  const owner = await authentication.ownerOf(token, wished.length > 0 ? wished : authentication.audiences);
  if (typeof owner === "string") return { authenticated: false, error: owner };
  return { authenticated: true, user: userInfoBody(owner.user), audiences: owner.audiences };
}
