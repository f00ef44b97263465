/** What runs before the guest's operating system, and what the machine says that it is. */
import { flag, object, required, text, word, type Value } from "./vocabulary.ts";

export const PULL_POLICIES = ["Always", "IfNotPresent", "Never"] as const;

export const FirmwareSchema = object("Firmware, direct kernel boot, and the identity of the machine.", {
  uuid: text("UUID of the machine, which the guest reads from SMBIOS; random when unset."),
  serial: text("Serial number of the machine, which the guest reads from SMBIOS; random when unset."),
  bootloader: object(
    "Which firmware starts the guest. BIOS when unset; only one may be chosen.",
    {
      bios: object("Start by a legacy BIOS.", {
        useSerial: flag("Show the BIOS's output on the serial console too."),
      }),
      efi: object("Start by UEFI.", {
        secureBoot: flag("Let only signed boot loaders start; true when unset. Needs features.smm."),
        persistent: flag("Keep UEFI's variables from one start to the next."),
      }),
    },
    {
      rules: [
        {
          rule: "!(has(self.bios) && has(self.efi))",
          message: "choose bios or efi, not both",
          reason: "FieldValueInvalid",
        },
      ],
    },
  ),
  kernelBoot: object("Start a kernel directly, without a boot loader from a disk.", {
    kernelArgs: text("The kernel's command line. Needs a kernel."),
    container: object("The container image that holds the kernel and its initial RAM disk.", {
      image: required(text("Reference of the image, such as example.org/kernels/linux:6.12.")),
      imagePullSecret: text("Secret with the credentials of the image's registry."),
      imagePullPolicy: word("When the image is pulled: Always for the tag latest or none, else IfNotPresent.", [
        ...PULL_POLICIES,
      ]),
      kernelPath: text("Absolute path of the kernel in the image."),
      initrdPath: text("Absolute path of the initial RAM disk in the image."),
    }),
  }),
  acpi: object("ACPI tables that are given to the guest, from volumes of type secret.", {
    slicNameRef: text("Name of the volume with the SLIC table."),
    msdmNameRef: text("Name of the volume with the MSDM table."),
  }),
});
export type Firmware = NonNullable<Value<typeof FirmwareSchema>>;

export const ChassisSchema = object("What SMBIOS says of the machine's chassis.", {
  asset: text("Asset tag."),
  manufacturer: text("Maker."),
  serial: text("Serial number."),
  sku: text("Stock-keeping unit."),
  version: text("Version."),
});
