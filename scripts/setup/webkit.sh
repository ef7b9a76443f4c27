#!/usr/bin/env bash
# WebKitGTK's browser and driver, with the screen and the message bus that it wants. Where they can't be had,
# the matrix leaves it out.
set -euo pipefail
source "$(dirname "$0")/../env.sh"
have WebKitWebDriver && have Xvfb && have dbus-run-session && exit 0
if ! have apt-get || [ "$(id -u)" != 0 ]; then
  say "WebKitGTK is not installed (webkit2gtk-driver, xvfb, dbus): left out"
  exit 0
fi
debian_packages webkit2gtk-driver xvfb dbus
