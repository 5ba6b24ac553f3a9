# SPDX-License-Identifier: MIT
# A CMake toolchain file for another Debian architecture:
#   cmake --toolchain tests/portability/cross.cmake -DARCH=arm64 -DSYSROOT=DIR ...
# DIR contains the unpacked packages of that architecture (sysroot in tools/foreign.sh).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ARCH SYSROOT)

# The names of the machine: prefix of the compiler, library directory, `uname -m`.
set(machine_arm64 aarch64-linux-gnu aarch64-linux-gnu aarch64)
set(machine_armhf arm-linux-gnueabihf arm-linux-gnueabihf armv7l)
set(machine_i386 i686-linux-gnu i386-linux-gnu i686)
set(machine_ppc64el powerpc64le-linux-gnu powerpc64le-linux-gnu ppc64le)
set(machine_s390x s390x-linux-gnu s390x-linux-gnu s390x)
if(NOT DEFINED machine_${ARCH})
  message(FATAL_ERROR "ARCH must be arm64, armhf, i386, ppc64el or s390x, not '${ARCH}'")
endif()
list(GET machine_${ARCH} 0 compiler)
list(GET machine_${ARCH} 1 triplet)
list(GET machine_${ARCH} 2 CMAKE_SYSTEM_PROCESSOR)

set(CMAKE_C_COMPILER ${compiler}-gcc)
set(CMAKE_SYSROOT ${SYSROOT})
set(CMAKE_LIBRARY_ARCHITECTURE ${triplet})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${SYSROOT}/usr/lib/${triplet}/pkgconfig)
