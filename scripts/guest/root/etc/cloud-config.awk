# Reads the part of cloud-config that etc/seed applies; `out` is the folder for what it finds: hostname, runcmd (a shell
# script), and for each entry of write_files N.path, N.content, N.permissions, N.encoding, N.append.

function trim(text) { sub(/^[ \t]+/, "", text); sub(/[ \t\r]+$/, "", text); return text }

function scalar(text) {
  text = trim(text)
  if (text ~ /^".*"$/) {
    text = substr(text, 2, length(text) - 2)
    gsub(/\\n/, "\n", text); gsub(/\\t/, "\t", text); gsub(/\\"/, "\"", text); gsub(/\\\\/, "\\", text)
    return text
  }
  if (text ~ /^'.*'$/) { text = substr(text, 2, length(text) - 2); gsub(/''/, "'", text); return text }
  sub(/[ \t]+#.*$/, "", text)
  return text
}

function quoted(text) { gsub(/'/, "'\\''", text); return "'" text "'" }

# [a, "b, c", d] as a shell command of quoted words.
function words(text,   result, word, i, c, quote) {
  text = substr(text, 2, length(text) - 2); result = ""; word = ""; quote = ""
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (quote != "") { if (c == quote) quote = ""; word = word c }
    else if (c == "\"" || c == "'") { quote = c; word = word c }
    else if (c == ",") { result = result " " quoted(scalar(word)); word = "" }
    else word = word c
  }
  if (trim(word) != "") result = result " " quoted(scalar(word))
  return substr(result, 2)
}

function block(text) { return text ~ /^[|>][-+]?$/ }

# A value for `name`: written at once, or collected from the lines below it when it is a block.
function value(name, text, indent) {
  text = trim(text)
  file = out "/" name
  if (block(text)) { blockfile = file; blockindent = -1; blockparent = indent; printf "" >> file }
  else if (name == "runcmd") { print (text ~ /^\[.*\]$/ ? words(text) : scalar(text)) >> file }
  else printf "%s", scalar(text) > file
}

{
  match($0, /^ */); indent = RLENGTH; line = substr($0, indent + 1)
  if (blockfile != "") {
    if (line == "" || indent > blockparent) {
      if (line != "" && blockindent < 0) blockindent = indent
      print substr($0, (blockindent < 0 ? indent : blockindent) + 1) >> blockfile
      next
    }
    blockfile = ""
  }
  if (line == "" || line ~ /^#/) next
  if (indent == 0 && line !~ /^-/) {
    key = line; sub(/:.*/, "", key)
    rest = line; sub(/^[^:]*:/, "", rest)
    section = key
    if (key == "hostname") value("hostname", rest, 0)
    else if (key != "write_files" && key != "runcmd")
      print "cloud-init: " key " is not something that this guest knows: left alone"
    next
  }
  if (section == "runcmd" && line ~ /^- /) { value("runcmd", substr(line, 3), indent); next }
  if (section == "write_files") {
    if (line ~ /^- /) { entry++; indent += 2; line = trim(substr(line, 3)) }
    key = line; sub(/:.*/, "", key)
    rest = line; sub(/^[^:]*:/, "", rest)
    if (key ~ /^(path|content|permissions|encoding|append)$/) value(entry "." key, rest, indent)
  }
}
