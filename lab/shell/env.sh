# shellcheck shell=bash
# The lab's settings and tools, sourced by the programs under lab/ after `set -euo pipefail`. It sets and
# exports, and changes nothing on the machine.
#
#   LAB_NAME    which lab; two with different names stand side by side (default lab). bench and test… are the tests',
#               which set LAB_OF_TESTS
#   LAB_HOME    everything that this lab keeps on disk: REPOSITORY/.lab/$LAB_NAME
#   LAB_CACHE   toolchain, shared by all labs (default ~/.cache/flask-on-aws-lab)
#   LAB_SUBNET   N of the lab subnet, 198.18.N.0/24, which is the lab's internet; set while the lab is up
#   LAB_API_PORT, AWS_ENDPOINT_URL   where the lab's AWS API listens, on loopback
#   LAB_ACCESS_KEY_ID, LAB_SECRET_ACCESS_KEY   of a user that the lab's IAM has, who then calls AWS in place of the
#               administrator
#   CHECKIP_URL   what tells this machine's address in the lab, in place of https://checkip.amazonaws.com

if [[ $(uname -s) != Linux ]]; then
  echo "error: the lab needs Linux's network namespaces and this is $(uname -s): use a Linux machine or VM." >&2
  exit 1
fi

LAB_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
export LAB_ROOT
export LAB_NAME=${LAB_NAME:-lab}
# Docker's names and Linux's interface names are made of it.
if [[ ! $LAB_NAME =~ ^[a-z][a-z0-9-]{0,31}$ ]]; then
  echo "error: LAB_NAME is '$LAB_NAME': use 1 to 32 of a-z, 0-9 and -, a letter first." >&2
  exit 1
fi
export LAB_HOME=$LAB_ROOT/.lab/$LAB_NAME
export LAB_CACHE=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/flask-on-aws-lab}

# The lab's programs speak to the lab's API only, whatever AWS account this machine is set up for.
export AWS_REGION=us-west-2 AWS_DEFAULT_REGION=us-west-2 AWS_EC2_METADATA_DISABLED=true
export AWS_ACCESS_KEY_ID=${LAB_ACCESS_KEY_ID:-test} AWS_SECRET_ACCESS_KEY=${LAB_SECRET_ACCESS_KEY:-test}
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
if [[ ${NO_PROXY:-} != 127.0.0.1* ]]; then
  export NO_PROXY="127.0.0.1${NO_PROXY:+,$NO_PROXY}" no_proxy="127.0.0.1${no_proxy:+,$no_proxy}"
fi
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_CA_BUNDLE

# digest FILE…: what the content of the files is called in the cache.
digest() { cat "$@" | sha256sum | cut -c 1-12; }

LAB_TOOLS=$LAB_CACHE/tools-$(digest "$LAB_ROOT"/lab/toolchain/*/*)
LAB_VENV=$LAB_CACHE/venv-$(digest "$LAB_ROOT/lab/api/requirements.txt")
export LAB_TOOLS LAB_VENV
# Node keeps compiled modules here: compiling Pulumi's SDK takes a second of each start.
export NODE_COMPILE_CACHE=$LAB_CACHE/compiled
export PATH=$LAB_TOOLS/bin:$PATH

# Names of the images that the controller starts; `lab/images/build` makes them.
use_images() {
  local image
  for image in machine net mysql; do
    export "LAB_IMAGE_${image^^}=$("$LAB_ROOT/lab/images/name" "$image")"
  done
}

# load_subnet: exports the lab subnet and the API's port that lab/up has chosen. Before lab/up, LAB_SUBNET and
# LAB_API_PORT keep the user's values, but not values that a calling program has loaded: they may be another lab's.
load_subnet() {
  if [[ ${LAB_SUBNET_OF:-} ]]; then unset LAB_SUBNET LAB_API_PORT AWS_ENDPOINT_URL CHECKIP_URL LAB_SUBNET_OF; fi
  if [[ ! -f $LAB_HOME/subnet ]]; then return; fi
  read -r LAB_SUBNET LAB_API_PORT <"$LAB_HOME/subnet"
  export LAB_SUBNET LAB_API_PORT AWS_ENDPOINT_URL=http://127.0.0.1:$LAB_API_PORT LAB_SUBNET_OF=$LAB_HOME
  export CHECKIP_URL=$AWS_ENDPOINT_URL/_lab/checkip
  # The roots of the lab's Let's Encrypt, for Node; lab/in has curl trust them.
  if [[ -f $LAB_HOME/ca.pem ]]; then export NODE_EXTRA_CA_CERTS=$LAB_HOME/ca.pem; fi
}
load_subnet
