#!/bin/sh
# Trains a field of each scene with nerfstudio: sh train.sh SCENES. Needs a GPU and ns-train.
set -eu
command -v ns-train >/dev/null || {
    echo "ns-train is not here: pip install nerfstudio, on a machine with a GPU" >&2
    exit 69
}
for scene in "$1"/*/transforms.json; do
    folder=$(dirname "$scene")
    ns-train splatfacto --data "$folder" --output-dir "$folder/trained" --viewer.quit-on-train-completion True
done
