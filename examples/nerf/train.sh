#!/bin/sh
# Trains a field of each scene with nerfstudio, measures it on the test views, and films it along their
# ring: sh train.sh SCENES. Needs a GPU, nerfstudio and ffmpeg.
set -eu
command -v ns-train >/dev/null || {
    echo "ns-train is not here: pip install nerfstudio, on a machine with a GPU" >&2
    exit 69
}
for scene in "$1"/*/transforms.json; do
    folder=$(dirname "$scene")
    ns-train splatfacto --data "$folder" --output-dir "$folder/trained" \
        --experiment-name field --timestamp last --viewer.quit-on-train-completion True
    config="$folder/trained/field/splatfacto/last/config.yml"
    ns-eval --load-config "$config" --output-path "$folder/report.json"
    ns-render interpolate --load-config "$config" --pose-source eval --interpolation-steps 1 \
        --frame-rate 12 --rendered-output-names rgb depth --output-path "$folder/turntable.mp4"
done
