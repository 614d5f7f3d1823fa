#!/bin/sh
# Renders every model in a folder (or list, or index) as a scene: sh render.sh MODELS OUTPUT
set -eu
exec render-worker run "$1" --output "$2" --preset nerf-synthetic \
    --set views=126 --set 'images=["colour", "depth", "mask"]' \
    --set subject.normalise=unit-cube --set camera.radius=2 --set camera.layout=sphere \
    --set splits.train=80 --set splits.val=10 --set splits.test=ring --set camera.elevation=20
