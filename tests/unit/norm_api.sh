#!/bin/sh
# SPDX-License-Identifier: MIT
# What norm_api.h declares is what the library's own header, which is C++, declares.
#     norm_api.sh <source directory>
set -eu
cxx=$(command -v c++ || command -v g++ || command -v clang++ || true)
if [ -z "$cxx" ]; then
    echo "SKIP: no C++ compiler to read the header of NORM with"
    exit 77
fi
exec "$cxx" -std=c++14 -fsyntax-only -I"$1/src" "$1/tests/unit/norm_api.cpp"
