/** A guest's page that writes words to its disks and reads them back, past its own cache; for tests of what lies on disks. */

/** Bytes of a word: a sector. */
export const SECTOR = 512;
/** Where the counter's first number stands, in sectors. */
export const FIRST_NUMBER = 10;

/** User data that makes the page. `counting`: also goes on writing numbers to this device, a sector each; /written says how many. */
export function diskPage(counting?: string): string {
  const page = `#!/bin/sh
cat >/www/cgi-bin/disk <<'END'
#!/bin/sh
printf 'content-type: text/plain\\r\\n\\r\\n'
set -- $(echo "$QUERY_STRING" | tr , ' ')
if [ -n "$3" ]; then printf '%-${SECTOR}s' "$3" | dd of=/dev/$1 bs=${SECTOR} seek=$2 conv=notrunc oflag=direct 2>/dev/null || { echo refused; exit; }; fi
dd if=/dev/$1 bs=${SECTOR} skip=$2 count=1 iflag=direct 2>/dev/null
END
chmod +x /www/cgi-bin/disk
`;
  if (counting === undefined) return page;
  return `${page}[ -b /dev/${counting} ] || exit 0
(n=0
while [ $n -lt 10000 ]; do
  printf '%-${SECTOR}s' $n | dd of=/dev/${counting} bs=${SECTOR} seek=$((n + ${FIRST_NUMBER})) conv=notrunc oflag=direct 2>/dev/null || break
  n=$((n + 1))
  echo $n >/www/written
  sleep 0.05
done) >/dev/null 2>&1 &
`;
}

/** The page's path: the word in that sector of the device, once the text has been written there if there is one. */
export function wordPath(device: string, sector: number, text = ""): string {
  return `cgi-bin/disk?${device},${sector},${text}`;
}
