#!/bin/sh
# Exports finished renders for a trainer: sh export.sh OUTPUT SCENES LAYOUT
set -eu
exec render-worker export nerf --input "$1" --to "$2" --layout "${3:-nerfstudio}"
