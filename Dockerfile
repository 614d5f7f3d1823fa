# One worker, with Blender 3.2.2 as its authors publish it, or a wheel of bpy: 4.5, 5.0 or 5.2.
#
#   docker build -t render-worker .
#   docker build -t render-worker:4.5 --target bpy .
#   docker build -t render-worker:5.0 --target bpy --build-arg BPY=5.0 .
#   docker build -t render-worker:5.2 --target bpy --build-arg BPY=5.2 \
#     --build-arg PYTHON=3.13-slim-trixie .
#
# Another Blender as published: --build-arg BLENDER_VERSION=4.2.9 --build-arg BLENDER_SHA256=…
# An archive that you have: put blender-<version>-linux-x64.tar.xz beside this file; name any other
# (blender-*.tar.*) with --build-arg BLENDER_ARCHIVE=…. From a mirror: BLENDER_MIRROR.

# A wheel of bpy is for one Python.
ARG PYTHON=3.11-slim-bookworm
# No CUDA base: Blender brings its kernels, and the driver's libraries are mounted.
FROM python:${PYTHON} AS base
COPY worker/supervisor/libraries.py /tmp/
# Mesa's drivers and LLVM are removed: software OpenGL is not used, and NVIDIA's driver is mounted.
RUN apt-get -qq update \
	&& DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
		$(python3 /tmp/libraries.py --packages) ca-certificates git tini >/dev/null \
	&& rm -rf /tmp/libraries.py /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf /var/log/* \
		/usr/lib/x86_64-linux-gnu/dri /usr/lib/x86_64-linux-gnu/libLLVM* \
		/usr/lib/x86_64-linux-gnu/libgallium* /usr/lib/x86_64-linux-gnu/libz3* \
	&& useradd --uid 1000 --home-dir /scratch --no-create-home --shell /usr/sbin/nologin render \
	&& install -d -m 1777 /scratch /cache

# Bytecode, which users cannot write: each process would compile what it imports again. This Python
# comes without any. It is not compared with the sources, which stay as they are.
RUN python3 -m compileall -q --invalidation-mode unchecked-hash \
		-x '/(ensurepip|idlelib|lib2to3|pydoc_data|site-packages|tkinter|turtledemo)/' \
		"$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"


# The worker's code. Its bytecode is compared with it, so that a changed or mounted file counts.
FROM base AS code
COPY LICENSE entrypoint.sh /opt/render-worker/
COPY worker /opt/render-worker/worker
COPY render_worker /opt/render-worker/render_worker
RUN python3 -m compileall -q --invalidation-mode checked-hash /opt/render-worker


# The Python libraries, from hashed locks and as wheels only, so that no package's code runs here.
# Three are left out: other packages declare them, but nothing imports them.
FROM base AS libraries
COPY locks/run.lock locks/bpy*.lock /tmp/
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv --without-pip /opt/venv \
	&& mv /tmp/bpy.lock /tmp/bpy-4.5.lock \
	&& for lock in /tmp/*.lock; do \
		awk '/^[a-z]/ {wanted = !/^(cython|gputil|zstandard)==/} wanted' $lock >${lock%.lock}.txt; \
	done \
	&& python3 -m pip --python /opt/venv/bin/python install --quiet \
		--require-hashes --no-deps --only-binary :all: -r /tmp/run.txt
# Remove tests, headers, and all cloud services except S3 and what signs in to it.
# (libarrow_substrait stays: all of pyarrow is linked to it.)
RUN cd /opt/venv/lib/python3.*/site-packages \
	&& echo /opt/render-worker >render-worker.pth \
	&& find h5py numpy pandas pyarrow -type d '(' -name tests -o -name include -o -name src ')' \
		-prune -exec rm -rf {} + \
	&& find pyarrow -name '*flight*' -o -name '*s3*' -o -name '_substrait*' -o -name '*gcsfs*' \
		-o -name '*azurefs*' -o -name '*cpp_tests*' -o -name '*.p[xy][xid]' | xargs rm -rf \
	&& find botocore/data -mindepth 1 -maxdepth 1 -type d -regextype posix-extended \
		! -regex '.*/(s3|sts|sso|sso-oidc|signin)' -exec rm -rf {} +


FROM libraries AS libraries-bpy
ARG BPY=4.5
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends binutils >/dev/null
# What the worker never touches: kernels for AMD, Intel and pre-2014 NVIDIA devices, the user
# interface's assets, Blender's own Python modules except USD's, and symbol tables.
RUN python3 -m pip --python /opt/venv/bin/python install --quiet \
		--require-hashes --no-deps --only-binary :all: -r /tmp/bpy-$BPY.txt \
	&& cd /opt/venv/lib/python3.*/site-packages \
	&& find numpy pandas -type d -name tests -prune -exec rm -rf {} + \
	&& cd bpy \
	&& find $BPY/python/lib/python3.*/site-packages -mindepth 1 -maxdepth 1 ! -name pxr -exec rm -rf {} + \
	&& rm -rf $BPY/datafiles/assets $BPY/datafiles/icons $BPY/datafiles/studiolights \
		$BPY/scripts/addons_core/cycles/lib/*.fatbin.zst $BPY/scripts/addons_core/cycles/lib/*.hipfb.zst \
		$BPY/scripts/addons_core/cycles/lib/kernel_sm_3* \
		$BPY/scripts/addons_core/rigify $BPY/scripts/addons_core/viewport_vr_preview \
		lib/libOpenImageDenoise_device_hip.so* lib/libOpenImageDenoise_device_sycl.so* \
	&& strip --strip-unneeded __init__.so lib/*.so* \
	&& find $BPY/python -name '*.so' -exec strip --strip-unneeded {} +


FROM base AS worker
LABEL org.opencontainers.image.title="render-worker" \
	org.opencontainers.image.description="Turns lists of 3D objects into training images." \
	org.opencontainers.image.version="0.1.0" \
	org.opencontainers.image.licenses="Apache-2.0 AND GPL-3.0-or-later"
# HOME, TMPDIR and the kernel caches are on volumes, so that a read-only root and any user id work.
ENV HOME=/scratch TMPDIR=/scratch CUDA_CACHE_PATH=/cache OPTIX_CACHE_PATH=/cache \
	NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics
RUN ln -s /opt/render-worker/entrypoint.sh /usr/local/bin/render-worker
VOLUME ["/scratch", "/cache"]
WORKDIR /scratch
USER 1000:1000
ENTRYPOINT ["render-worker"]


# The worker's code comes last, so that a new version is a layer of a few MB.
FROM worker AS bpy
COPY --from=libraries-bpy /opt/venv /opt/venv
COPY --from=code /opt/render-worker /opt/render-worker


# Blender as published; its checksum is verified, whatever its origin.
FROM base AS blender
ARG BLENDER_VERSION=3.2.2
ARG BLENDER_SHA256=1726560157d90cf2aaaeb6d25ded1783d66bff043814cd95b90fc0af1d9e018b
ARG BLENDER_ARCHIVE=blender-${BLENDER_VERSION}-linux-x64.tar.xz
ARG BLENDER_MIRROR=https://download.blender.org/release
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends curl xz-utils >/dev/null
# The star lets the archive be absent; COPY needs at least one file that exists.
COPY LICENSE ${BLENDER_ARCHIVE}* /tmp/
RUN cd /tmp \
	&& { test -e "$BLENDER_ARCHIVE" || curl -fsSL --retry 3 --retry-all-errors -o "$BLENDER_ARCHIVE" \
		"$BLENDER_MIRROR/Blender${BLENDER_VERSION%.*}/$BLENDER_ARCHIVE"; } \
	&& echo "$BLENDER_SHA256  $BLENDER_ARCHIVE" | sha256sum --check - \
	&& mkdir /opt/blender \
	&& tar -xf "$BLENDER_ARCHIVE" -C /opt/blender --strip-components=1 --no-same-owner \
	&& rm "$BLENDER_ARCHIVE"
# Its own Python is another version.
ENV COMPILE="import compileall, py_compile, re, sys; compileall.compile_dir(sys.argv[-2], force=True, \
quiet=2, rx=re.compile('/(idlelib|lib2to3|tests?)/'), \
invalidation_mode=py_compile.PycInvalidationMode[sys.argv[-1]])"
RUN /opt/blender/blender -b --factory-startup --python-exit-code 1 --python-expr "$COMPILE" \
		-- /opt/blender UNCHECKED_HASH >/dev/null


FROM blender AS blender-code
COPY --from=code /opt/render-worker /opt/render-worker
RUN /opt/blender/blender -b --factory-startup --python-exit-code 1 --python-expr "$COMPILE" \
		-- /opt/render-worker/worker CHECKED_HASH >/dev/null


FROM worker
# Not as RENDER_WORKER_BLENDER: under Apptainer an image's variables win over the host's.
ENV PATH=/opt/blender:$PATH
COPY --from=libraries /opt/venv /opt/venv
COPY --from=blender /opt/blender /opt/blender
COPY --from=blender-code /opt/render-worker /opt/render-worker
