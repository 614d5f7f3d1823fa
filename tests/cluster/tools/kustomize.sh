#!/usr/bin/env bash
# Debian sid's kustomize, unpacked in DIR and never installed; prints the program's path.
#   kustomize.sh DIR
set -euo pipefail
dir=$1
# shellcheck disable=SC2016  # apt expands it
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -1)
mkdir -p "$dir"/{lists/partial,cache/archives/partial,root}
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$dir/sources.list"
options=(-qq -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
	-o Dir::Etc::preferencesparts=/dev/null -o Dir::State::lists="$dir/lists"
	-o Dir::Cache="$dir/cache" -o Dir::State::status=/dev/null -o APT::Sandbox::User=root)
apt-get "${options[@]}" update >&2
(cd "$dir" && apt-get "${options[@]}" download kustomize >&2)
dpkg -x "$dir"/kustomize_*.deb "$dir/root"
"$dir/root/usr/bin/kustomize" version >&2
echo "$dir/root/usr/bin/kustomize"
