/** A text that is empty says nothing, as for KubeVirt: a default takes its place. Pure. */
export function told(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
