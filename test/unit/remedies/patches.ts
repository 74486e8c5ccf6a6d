/** The remedies of patches, and of the machine's own updates. */
import { by, inspect, why, type Table } from "./row.ts";

export const ofPatches: Table = {
  "scripts/patch.sh": {
    "correct what dpkg names": why.look,
    "check the route": by(
      "test/scripts/patch.test.ts",
      "leaves what serves when apt-get ${step} fails",
    ),
    "correct what apt names": by(
      "test/scripts/patch.test.ts",
      "leaves what serves when apt-get ${step} fails",
    ),
    "see: ./ops ssh": why.look,
    "${…}, then": inspect("no test has a release of an earlier version of this project"),
  },
  "scripts/updates.sh": {
    "see: ./ops ssh${…} -- df": why.look,
    "see what it says": why.look,
    "correct it": by(
      "test/scripts/updates.test.ts",
      "stop the release when Docker's options are no JSON",
    ),
    "see: ./ops ssh${…} -- systemctl": why.look,
    "see: ./ops ssh${…} -- sudo journalctl": why.look,
  },
};
