#!/bin/sh
# (rustc tells the kind of linker by the name: this one must end in "cc".)
# Links with mold where it is installed (it halves link time on two cores), else with the default
# linker, so that a plain `cargo run` works on a bare machine.
if command -v mold >/dev/null 2>&1; then
    exec cc -fuse-ld=mold "$@"
fi
exec cc "$@"
