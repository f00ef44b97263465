/** Credentials that are brought into the guest. */
import { list, object, presence, required, text, type Value } from "./vocabulary.ts";

const secretSource = (what: string) =>
  required(
    object("Where the credential comes from. Exactly one source is set.", {
      secret: object(`A Secret with ${what}.`, {
        secretName: required(text("Name of the Secret, in the namespace of the virtual machine.")),
      }),
    }),
  );

export const AccessCredentialSchema = object("A credential. Exactly one kind is set.", {
  sshPublicKey: object("Public SSH keys that may log in.", {
    source: secretSource("public keys as values"),
    propagationMethod: required(
      object("How the keys reach the guest. Exactly one method is set.", {
        configDrive: presence("In the metadata of the cloudInitConfigDrive volume, at the start."),
        noCloud: presence("In the metadata of the cloudInitNoCloud volume, at the start."),
        qemuGuestAgent: object("By the guest's agent while it runs; changes of the Secret follow.", {
          users: required(list("Users of the guest that get the keys.", text("A user name."), { list: "set" })),
        }),
      }),
    ),
  }),
  userPassword: object("Passwords of users of the guest.", {
    source: secretSource("user names as keys and passwords as values"),
    propagationMethod: required(
      object("How the passwords reach the guest. Exactly one method is set.", {
        qemuGuestAgent: presence("By the guest's agent while it runs; changes of the Secret follow."),
      }),
    ),
  }),
});
export type AccessCredential = Value<ReturnType<(typeof AccessCredentialSchema)["unwrap"]>>;
